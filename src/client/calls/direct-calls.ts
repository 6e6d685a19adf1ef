import { Observable } from 'rxjs';
import type { CallMethod } from '../../protocol/client/call-runtime.js';
import { RuntimeCalls } from '../../protocol/client/runtime-calls.js';
import type { TtrpcCallOptions } from '../api/call-options.js';
import type { Caller } from './caller.js';
import type { Calls } from './calls.js';
import { InterceptedCalls } from './intercepted-calls.js';
import { ObservableCall, sampleObservables } from './observable-call.js';

/** Calls with nothing between the proxies and the engine, unless a call says `retry`. */
export class DirectCalls extends RuntimeCalls<TtrpcCallOptions> implements Calls {
  #retrying: Calls | undefined;
  /** Kept for V8 from the first call on, see {@link sampleObservables}. */
  protected observed: readonly object[] | undefined;

  constructor(private readonly caller: Caller) {
    super(caller);
  }

  override promise(method: CallMethod, request: unknown, options: TtrpcCallOptions | undefined): Promise<unknown> {
    if (options?.retry !== undefined) return this.#withRetry().promise(method, request, options);
    return super.promise(method, request, options);
  }

  override iterate(
    method: CallMethod,
    request: unknown,
    options: TtrpcCallOptions | undefined,
  ): AsyncIterableIterator<unknown, undefined> {
    if (options?.retry !== undefined) return this.#withRetry().iterate(method, request, options);
    return super.iterate(method, request, options);
  }

  observe(method: CallMethod, request: unknown, options: TtrpcCallOptions | undefined): Observable<unknown> {
    if (options?.retry !== undefined) return this.#withRetry().observe(method, request, options);
    this.observed ??= sampleObservables(this.runtime, method);
    return new Observable((subscriber) => new ObservableCall(this.runtime, method, subscriber).run(request, options));
  }

  #withRetry(): Calls {
    return (this.#retrying ??= new InterceptedCalls(this.caller, []));
  }
}
