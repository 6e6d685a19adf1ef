import { isThenable } from '../../protocol/core/thenable.js';
import { RequestStream } from '../call/request-stream.js';

// A request stream gives its reader nothing before the handler's answer is observed. Behind an interceptor only the
// handler's own return tells when that is, and Nest shows it to nobody. It calls handlers by their `apply`, so that is
// where to look; the function itself stays as it is, with all the metadata that others put on it.

/** Lets the request streams that `handler` is called with know when it has returned. */
export function watchReturn(handler: (...args: never[]) => unknown): void {
  const apply = (self: unknown, args: ArrayLike<unknown>): unknown => {
    const stream = streamIn(args);
    if (!stream) return Reflect.apply(handler, self, args) as unknown;
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
