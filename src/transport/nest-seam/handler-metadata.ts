import { MessagePattern } from '@nestjs/microservices';
import { HANDLER_INFO, TTRPC_TRANSPORT } from '../../common/nest-keys.js';
import type { HandlerInfo } from '../binding/handler-info.js';
import { defineTwin } from './handler-twin.js';
import type { MessageChecks } from './message-pipes.js';
import { EXTRAS, PATTERN, TRANSPORT } from './metadata-keys.js';

/** On a handler's function: what its decorator was given. */
const MARK = Symbol.for('nestjs-ttrpc:method');

/** What `@TtrpcMethod` was given. */
export interface MethodMark {
  /** Undefined: the class says it. */
  readonly service: string | undefined;
  /** Undefined: it follows from the method's name. */
  readonly rpc: string | undefined;
  /** As {@link HandlerInfo.signalClosing}. */
  readonly signalClosing: boolean;
  /** Where the messages of its request stream are validated. */
  readonly checks: MessageChecks | undefined;
  /** Writes what Nest is to know of the parameters of a method that stands for the handler in this transport. */
  readonly completeParameters: (target: object, property: string) => void;
  /** Writes what the method's own decorators say of its parameters, and no more. */
  readonly restoreParameters: (target: object, property: string) => void;
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

/**
 * Registers `handler` with Nest as a pattern of this transport. Calling it again replaces what it said before. Nest knows
 * one transport for each function: where the handler has a pattern of another one (`@GrpcMethod`) it keeps that, and a
 * twin of it is registered here.
 */
export function registerHandler(target: object, property: string, handler: HandlerFunction, info: HandlerInfo): void {
  const pattern = `/${info.service}/${info.rpc ?? property}`;
  const register = MessagePattern(pattern, TTRPC_TRANSPORT, { [HANDLER_INFO]: info });
  if (!isElsewhere(handler)) {
    register(target, property, { value: handler });
    return;
  }
  const extras = { ...(Reflect.getOwnMetadata(EXTRAS, handler) as Record<string, unknown> | undefined) };
  delete extras[HANDLER_INFO];
  Reflect.defineMetadata(EXTRAS, extras, handler);
  const mark = handlerMark(handler);
  const twin = defineTwin(target, property, handler);
  for (const each of [property, twin.property]) mark?.restoreParameters(target, each);
  mark?.completeParameters(target, twin.property);
  register(target, twin.property, { value: twin.handler });
}

/** Adds to what is known of each handler of a class that is decorated. */
export function amendHandlers(prototype: object, more: Pick<HandlerInfo, 'module' | 'onServed'>): void {
  for (const [property, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    const info = typeof value === 'function' ? infoOf(value as HandlerFunction) : undefined;
    if (info) registerHandler(prototype, property, value as HandlerFunction, { ...info, ...more });
  }
}

/**
 * Looks at the finished class: a decorator that stands above `@TtrpcMethod` (`@GrpcMethod`, `@MessagePattern`) has written
 * its pattern over ours. Then our pattern moves to a twin.
 */
export function settleHandler(target: object, property: string): void {
  const handler = Object.getOwnPropertyDescriptor(target, property)?.value as HandlerFunction | undefined;
  if (typeof handler !== 'function' || !isElsewhere(handler)) return;
  const info = infoOf(handler);
  if (info) registerHandler(target, property, handler, info);
}

function infoOf(handler: HandlerFunction): HandlerInfo | undefined {
  const extras = Reflect.getOwnMetadata(EXTRAS, handler) as Record<string, unknown> | undefined;
  return extras?.[HANDLER_INFO] as HandlerInfo | undefined;
}

/** True when the handler has a pattern that is not ours. */
function isElsewhere(handler: HandlerFunction): boolean {
  return (
    Reflect.getOwnMetadata(PATTERN, handler) !== undefined &&
    Reflect.getOwnMetadata(TRANSPORT, handler) !== TTRPC_TRANSPORT
  );
}
