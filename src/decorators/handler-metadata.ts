import { MessagePattern } from '@nestjs/microservices';
import { HANDLER_INFO, TTRPC_TRANSPORT } from '../common/nest-keys.js';
import type { HandlerInfo } from '../transport/handler-info.js';

/** On a handler's function: what its decorator was given. */
const MARK = Symbol.for('nestjs-ttrpc:method');

/** What `@TtrpcMethod` was given. */
export interface MethodMark {
  /** Undefined: the class says it. */
  readonly service: string | undefined;
  /** Undefined: it follows from the method's name. */
  readonly rpc: string | undefined;
}

/** A handler's function. */
export type HandlerFunction = (...args: never[]) => unknown;

/** Marks `handler` as decorated with `@TtrpcMethod`. */
export function markHandler(handler: HandlerFunction, mark: MethodMark): void {
  Reflect.defineMetadata(MARK, mark, handler);
}

/** The mark of a function, if it has one. */
export function handlerMark(handler: HandlerFunction): MethodMark | undefined {
  return Reflect.getOwnMetadata(MARK, handler) as MethodMark | undefined;
}

/** Registers `handler` with Nest as a pattern of this transport. Calling it again replaces what it said before. */
export function registerHandler(target: object, property: string, handler: HandlerFunction, info: HandlerInfo): void {
  const pattern = `/${info.service}/${info.rpc ?? property}`;
  MessagePattern(pattern, TTRPC_TRANSPORT, { [HANDLER_INFO]: info })(target, property, { value: handler });
}
