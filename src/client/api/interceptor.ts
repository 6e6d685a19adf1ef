import type { Observable } from 'rxjs';
import type { TtrpcMetadata } from '../../protocol/core/metadata.js';
import type { MethodShape } from '../../protocol/core/method-shape.js';
import type { TtrpcCallOptions } from './call-options.js';

/** The options of a call as an interceptor sees them. */
export interface InterceptedOptions extends TtrpcCallOptions {
  /** All that will be sent, the client's own and what `parent` hands on included: this call's own copy, to be changed. */
  metadata: TtrpcMetadata;
}

/** A call as an interceptor sees it. */
export interface InterceptedCall {
  /** Qualified name of the service (`demo.v1.Greeter`). */
  readonly service: string;
  /** Name of the rpc (`SayHello`). */
  readonly method: string;
  readonly shape: MethodShape;
  /** The message; for client-streaming and bidi the stream argument as the caller passed it. */
  readonly request: unknown;
  readonly options: InterceptedOptions;
}

/**
 * Goes on to the next interceptor, at last to the server, with `call` (default: unchanged). Of a changed call `request`
 * and `options` count. Each subscription to what it returns is a call of its own, so that `retry` works.
 *
 * The caller's timeout and signals count from the beginning of the call, over all that interceptors do; a `timeoutMs`
 * set here counts from here and can only be shorter.
 */
export type TtrpcClientNext = (call?: InterceptedCall) => Observable<unknown>;

/**
 * Stands between the callers of a client's proxies and its calls, for all four shapes and both kinds of proxies. It is
 * called once for each call, when that begins, and gives the responses: usually `next()` with operators behind it.
 *
 * ```ts
 * const signed: TtrpcClientInterceptor = (call, next) => {
 *   call.options.metadata.set('authorization', token());
 *   return next();
 * };
 * ```
 */
export type TtrpcClientInterceptor = (call: InterceptedCall, next: TtrpcClientNext) => Observable<unknown>;
