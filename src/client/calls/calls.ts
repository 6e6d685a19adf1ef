import { Observable } from 'rxjs';
import type { TtrpcCallOptions } from '../api/call-options.js';
import type { Caller } from './caller.js';
import type { ClientMethod } from '../api/client-method.js';
import { IteratorCall } from './iterator-call.js';
import { ObservableCall } from './observable-call.js';
import { PromiseCall } from './promise-call.js';

/** The forms in which the functions of proxies make calls. */
export interface Calls {
  /** Any shape as a cold Observable: each subscription is a call of its own. */
  observe(method: ClientMethod, request: unknown, options: TtrpcCallOptions | undefined): Observable<unknown>;
  /** A unary or client-streaming call, begun at once. */
  promise(method: ClientMethod, request: unknown, options: TtrpcCallOptions | undefined): Promise<unknown>;
  /** A server-streaming or bidi call, begun by the first `next()`. */
  iterate(
    method: ClientMethod,
    request: unknown,
    options: TtrpcCallOptions | undefined,
  ): AsyncIterableIterator<unknown, undefined>;
}

/** Calls with nothing between the proxies and the engine. */
export class DirectCalls implements Calls {
  constructor(private readonly caller: Caller) {}

  observe(method: ClientMethod, request: unknown, options: TtrpcCallOptions | undefined): Observable<unknown> {
    return new Observable((subscriber) => new ObservableCall(this.caller, method, subscriber).run(request, options));
  }

  promise(method: ClientMethod, request: unknown, options: TtrpcCallOptions | undefined): Promise<unknown> {
    return new Promise((resolve) => new PromiseCall(this.caller, method, resolve).run(request, options));
  }

  iterate(method: ClientMethod, request: unknown, options: TtrpcCallOptions | undefined): IteratorCall {
    return new IteratorCall(this.caller, method, request, options);
  }
}
