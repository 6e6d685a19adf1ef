import { Observable } from 'rxjs';
import type { CallMethod } from '../../protocol/client/call-runtime.js';
import { RuntimeCalls, type AsyncCalls } from '../../protocol/client/runtime-calls.js';
import type { TtrpcCallOptions } from '../api/call-options.js';
import { ObservableCall } from './observable-call.js';

/** The forms in which the functions of proxies make calls. */
export interface Calls extends AsyncCalls<TtrpcCallOptions> {
  /** Any shape as a cold Observable: each subscription is a call of its own. */
  observe(method: CallMethod, request: unknown, options: TtrpcCallOptions | undefined): Observable<unknown>;
}

/** Calls with nothing between the proxies and the engine. */
export class DirectCalls extends RuntimeCalls<TtrpcCallOptions> implements Calls {
  observe(method: CallMethod, request: unknown, options: TtrpcCallOptions | undefined): Observable<unknown> {
    return new Observable((subscriber) => new ObservableCall(this.runtime, method, subscriber).run(request, options));
  }
}
