import { isThenable } from '../../protocol/core/thenable.js';
import { RequestStream } from '../call/request-stream.js';
import type { TtrpcContext } from '../call/ttrpc-context.js';
import type { MessageChecks } from './message-pipes.js';

// A request stream delivers nothing before the handler's response is observed. Behind an interceptor only the return of
// the handler itself tells when that is, and Nest does not expose it. Nest 11 and 12 call a handler through its `apply`
// (`callback.apply(instance, args)`), so the handler gets an own `apply`. The function stays the same object, with all the
// metadata that others put on it.

/**
 * Tells the request streams among the arguments of `handler` when it has returned. With `checks` their messages are
 * checked.
 */
export function watchReturn(handler: (...args: never[]) => unknown, checks?: MessageChecks): void {
  const apply = (self: unknown, args: ArrayLike<unknown>): unknown => {
    const stream = streamIn(args);
    if (!stream) return Reflect.apply(handler, self, args) as unknown;
    if (checks) stream.checkWith(checks.checkFor(self as object, (args[1] as TtrpcContext).server));
    stream.handlerBegins();
    const returned = (): void => stream.handlerReturned();
    const result: unknown = Reflect.apply(handler, self, args);
    if (isThenable(result)) result.then(returned, returned);
    else returned();
    return result;
  };
  Object.defineProperty(handler, 'apply', { value: apply, configurable: true, writable: true });
}

function streamIn(args: ArrayLike<unknown>): RequestStream<unknown> | undefined {
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg instanceof RequestStream) return arg;
  }
  return undefined;
}
