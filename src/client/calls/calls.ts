import type { Observable } from 'rxjs';
import type { CallMethod } from '../../protocol/client/call-runtime.js';
import type { AsyncCalls } from '../../protocol/client/runtime-calls.js';
import type { TtrpcCallOptions } from '../api/call-options.js';

/** The forms in which the functions of proxies make calls. */
export interface Calls extends AsyncCalls<TtrpcCallOptions> {
  /** Any shape as a cold Observable: each subscription is a call of its own. */
  observe(method: CallMethod, request: unknown, options: TtrpcCallOptions | undefined): Observable<unknown>;
}
