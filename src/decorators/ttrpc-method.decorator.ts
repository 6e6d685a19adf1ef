import { UseFilters } from '@nestjs/common';
import { FILTERS } from '../transport/nest-seam/metadata-keys.js';
import { describe } from '../protocol/core/describe.js';
import { unknownOptions, type OptionNames } from '../protocol/core/option-names.js';
import { watchReturn } from '../transport/nest-seam/handler-return.js';
import { MessageChecks, messageValidation, type MessageClass } from '../transport/nest-seam/message-pipes.js';
import { notePipesConfigs } from '../transport/nest-seam/pipeline-building.js';
import { TtrpcExceptionFilter } from '../transport/nest-seam/ttrpc-exception.filter.js';
import {
  markHandler,
  registerHandler,
  settleHandler,
  type HandlerFunction,
} from '../transport/nest-seam/handler-metadata.js';
import {
  completeParameters,
  keepParameters,
  passParameters,
  passStream,
} from '../transport/nest-seam/handler-parameters.js';

/** Options of {@link TtrpcMethod}. */
export interface TtrpcMethodOptions {
  /**
   * False: no pipes run for this method, not even global ones, and the handler gets `(request, context)` as they are.
   * Default true. A standalone microservice already skips Nest's parameter stage where no pipe applies; one that is
   * connected to an HTTP application skips it only with `pipes: false`.
   */
  pipes?: boolean | undefined;
  /**
   * True: the `context.signal` of a streaming call of this method aborts when the server begins to close, as it does for
   * all methods with the server's option `signalStreams`. The call goes on, so that an endless stream can complete.
   * Default false.
   */
  signalClosing?: boolean | undefined;
  /**
   * A class, for an rpc whose requests are a stream: each message of the stream passes the pipes that apply to the method
   * (global ones, those of the class, the method and `@Payload()`), with this class as its type, as the request of a unary
   * method does. True: the same without a class, for pipes that know what they get. The stream itself passes none. A
   * message that a pipe refuses fails the stream with what the pipe throws, so that the call ends with its status unless
   * the handler catches it.
   */
  validateMessages?: boolean | MessageClass | undefined;
}

/**
 * Makes a method the handler of an rpc. It writes metadata; calls to the method from your own code are unchanged.
 *
 * - `@TtrpcMethod()`: the rpc is the method's name with its first letter in upper case.
 * - `@TtrpcMethod('SayHello')`: that rpc.
 * - `@TtrpcMethod('demo.v1.Greeter', 'SayHello')`: that rpc of that service, in a plain `@Controller()`.
 *
 * {@link TtrpcMethodOptions} may stand behind any of these.
 *
 * The service is that of `@TtrpcService`, or, without one and without a name here, the class's name. What the names
 * mean is checked at `listen()`. @throws an Error on anything but an instance method.
 */
export function TtrpcMethod(options?: TtrpcMethodOptions): MethodDecorator;
export function TtrpcMethod(rpc: string | undefined, options?: TtrpcMethodOptions): MethodDecorator;
export function TtrpcMethod(service: string, rpc: string, options?: TtrpcMethodOptions): MethodDecorator;
export function TtrpcMethod(...args: (string | TtrpcMethodOptions | undefined)[]): MethodDecorator {
  const names = args.filter((arg) => typeof arg === 'string');
  const rpc = names.pop();
  const service = names.pop();
  const options = args.find((arg) => typeof arg !== 'string' && arg !== undefined) ?? {};
  const { pipes = true, signalClosing = false, validateMessages = false } = options;
  return (target, key, descriptor) => {
    const { property, handler } = methodOf(target, key, descriptor);
    const owner = target.constructor;
    checkOptions(`@TtrpcMethod() on ${owner.name}.${property}`, options);
    const restoreParameters = keepParameters(target, property);
    const checks = validateMessages === false ? undefined : messageChecks(owner, property, handler, options);
    const complete = checks ? passStream : pipes ? completeParameters : passParameters;
    markHandler(handler, {
      service,
      rpc,
      signalClosing,
      checks,
      completeParameters: complete,
      restoreParameters,
    });
    watchReturn(handler, checks);
    complete(target, property);
    registerHandler(target, property, handler, {
      service: service ?? owner.name,
      descriptor: undefined,
      rpc,
      className: owner.name,
      property,
      signalClosing,
      verifyMessages: checks && ((server) => checks.verify(owner, server)),
    });
    // Before any decorator of the class: so the filters that those add are asked first.
    const filters = (Reflect.getMetadata(FILTERS, owner) ?? []) as unknown[];
    if (!filters.includes(TtrpcExceptionFilter)) UseFilters(TtrpcExceptionFilter)(owner);
    // When the class is finished, and before anybody makes an application of it.
    void Promise.resolve().then(() => settleHandler(target, property));
  };
}

const OPTIONS: OptionNames<TtrpcMethodOptions> = { pipes: true, signalClosing: true, validateMessages: true };

/** @throws TypeError that begins with `place` and names what is wrong; the types refuse most of it. */
function checkOptions(place: string, options: TtrpcMethodOptions): void {
  if (typeof options !== 'object') {
    throw new TypeError(`${place}: expected names and an object with options, got ${describe(options)}`);
  }
  const [misspelt] = unknownOptions('@TtrpcMethod', options, OPTIONS);
  if (misspelt !== undefined) throw new TypeError(`${place}: ${misspelt}`);
  for (const name of ['pipes', 'signalClosing'] as const) {
    const value: unknown = options[name];
    if (value === undefined || typeof value === 'boolean') continue;
    throw new TypeError(`${place}: ${name}: expected true or false, got ${describe(value)}`);
  }
}

/** How the messages of a handler's request stream are checked. @throws an Error for options that contradict each other */
function messageChecks(
  owner: { readonly name: string },
  property: string,
  handler: HandlerFunction,
  { pipes, validateMessages }: TtrpcMethodOptions,
): MessageChecks {
  const name = `${owner.name}.${property}`;
  if (pipes === false)
    throw new Error(`${name}: validateMessages runs pipes, and pipes: false runs none; leave one out`);
  if (validateMessages !== true && typeof validateMessages !== 'function') {
    throw new Error(`${name}: validateMessages: expected a class or true, got ${describe(validateMessages)}`);
  }
  const type = validateMessages === true ? undefined : validateMessages;
  notePipesConfigs();
  return new MessageChecks(name, handler, messageValidation(owner, property, handler, type));
}

/** The name and the function that are decorated. @throws an Error that names what was decorated instead. */
function methodOf(
  target: object,
  key: string | symbol,
  descriptor: PropertyDescriptor | undefined,
): { property: string; handler: HandlerFunction } {
  const place = typeof target === 'function' ? target.name : target.constructor.name;
  const expected = `@TtrpcMethod() on ${String(key)} of ${place}: expected a method of the class's instances with a string name`;
  if (typeof target === 'function') throw new Error(`${expected}, got a static one`);
  if (typeof key !== 'string') throw new Error(`${expected}, got a symbol`);
  // A property with a function is set in the constructor: there is nothing on the class that Nest could find.
  if (descriptor === undefined) throw new Error(`${expected}, got a property; write ${key}(request) { … }`);
  if (typeof descriptor.value !== 'function') throw new Error(`${expected}, got an accessor`);
  return { property: key, handler: descriptor.value as HandlerFunction };
}
