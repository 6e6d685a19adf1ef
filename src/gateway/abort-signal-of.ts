import type { EventEmitter } from 'node:events';
import { TtrpcException } from '../common/ttrpc-exception.js';
import { TtrpcStatus } from '../protocol/core/status.js';

/** What is read of a request of Express, Fastify or `node:http`. */
interface HttpRequest {
  /** Fastify's request has Node's here. */
  readonly raw?: HttpRequest;
  /** Express sets it. */
  readonly res?: HttpResponse;
  readonly socket?: EventEmitter & { readonly destroyed?: boolean };
}

type HttpResponse = EventEmitter & { readonly writableFinished?: boolean; readonly closed?: boolean };

/** One for each request of Node: several calls of one request share their listener. */
const signals = new WeakMap<object, AbortSignal>();

/**
 * A signal that aborts when the client of an HTTP request leaves before the response is complete: pass it to the calls
 * that the request makes, `greeter.sayHello(body, { signal: abortSignalOf(request), dedicated: true })`. `request` is
 * what `@Req()` gives, of Express or Fastify. The reason is a TtrpcException, CANCELLED. A unary call needs
 * `dedicated: true` for the cancel to reach the server's handler.
 * @throws {TypeError} for what is not an HTTP request
 */
export function abortSignalOf(request: object): AbortSignal {
  const given = request as HttpRequest | null | undefined;
  const raw = given?.raw ?? given;
  if (raw === null || typeof raw !== 'object' || (raw.res ?? raw.socket) === undefined) {
    throw new TypeError('abortSignalOf: expected the request of an HTTP handler, as @Req() gives it');
  }
  let signal = signals.get(raw);
  if (!signal) signals.set(raw, (signal = watch(raw)));
  return signal;
}

function watch({ res, socket }: HttpRequest): AbortSignal {
  const controller = new AbortController();
  const abort = (): void =>
    controller.abort(new TtrpcException(TtrpcStatus.CANCELLED, 'the client of the HTTP request has left'));
  if (res) {
    const onClose = (): void => {
      if (!res.writableFinished) abort();
    };
    if (res.closed) onClose();
    else res.once('close', onClose);
  } else if (socket?.destroyed) {
    abort();
  } else {
    // Without the response at hand a later end of the connection aborts as well: then the calls are over.
    socket?.once('close', abort);
  }
  return controller.signal;
}
