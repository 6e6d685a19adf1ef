import { firstValueFrom, lastValueFrom, Observable, type Subscriber, type Unsubscribable } from 'rxjs';
import { BoundCall } from '../../protocol/client/bound-call.js';
import type { CallMethod, CallRuntime } from '../../protocol/client/call-runtime.js';
import { CallerContext } from '../../protocol/client/caller-context.js';
import { sampleClientCall } from '../../protocol/client/call-sample.js';
import type { CallStart } from '../../protocol/client/client-call.js';
import { inRootContext } from '../../protocol/core/root-context.js';
import { decodeMessage } from '../../protocol/wire/message-codec.js';
import type { TtrpcCallOptions } from '../api/call-options.js';
import { logCallbackError } from './client-log.js';
import type { ReaderFlow } from './reader-flow.js';

/**
 * One subscription of a call's Observable; ending it cancels the call. Responses are delivered as they come, in the
 * asynchronous context of who has subscribed.
 */
export class ObservableCall extends BoundCall<TtrpcCallOptions> implements Unsubscribable {
  readonly #context = new CallerContext();

  /** `flow` is there when a reader behind interceptors may slow the responses. */
  constructor(
    runtime: CallRuntime<TtrpcCallOptions>,
    method: CallMethod,
    private readonly subscriber: Subscriber<unknown>,
    private readonly flow?: ReaderFlow,
  ) {
    super(runtime, method);
  }

  /** Begins the call and is its own teardown. */
  run(request: unknown, options: TtrpcCallOptions | undefined, start?: CallStart): this {
    this.begin(request, options, start);
    return this;
  }

  onMessage(buf: Uint8Array, start: number, end: number): void {
    const message = decodeMessage(this.method.response, buf, start, end);
    this.flow?.onMessage(this, end - start);
    this.#deliver(next, message);
  }

  unsubscribe(): void {
    this.abandon();
  }

  protected ended(): void {
    this.#deliver(complete, undefined);
  }

  protected failed(error: () => unknown): void {
    this.#deliver(fail, error());
  }

  /** Subscribers throw only what a teardown of theirs does (RxJS); RxJS reports all else that they throw. */
  #deliver(how: (subscriber: Subscriber<unknown>, value: unknown) => void, value: unknown): void {
    try {
      this.#context.runInAsyncScope(how, undefined, this.subscriber, value);
    } catch (error) {
      logCallbackError(`the clean-up of a subscriber of ${this.method.fullName}`, error);
    }
  }
}

/**
 * As `sampleCalls`, for calls as Observables: some with their subscribers, which nothing ever happens to. Most calls are read
 * by one of these two functions.
 */
export function sampleObservables(runtime: CallRuntime<TtrpcCallOptions>, method: CallMethod): readonly object[] {
  const parts: object[] = [];
  const calls = new Observable((subscriber) => {
    const call = new ObservableCall(runtime, method, subscriber);
    parts.push(subscriber, call, ...sampleClientCall(runtime, method, call));
    return call;
  });
  // Not in the caller's context: the sample would keep its AsyncLocalStorage alive.
  inRootContext(() => parts.push(firstValueFrom(calls), lastValueFrom(calls)));
  return parts;
}

function next(subscriber: Subscriber<unknown>, value: unknown): void {
  subscriber.next(value);
}

function fail(subscriber: Subscriber<unknown>, error: unknown): void {
  subscriber.error(error);
}

function complete(subscriber: Subscriber<unknown>): void {
  subscriber.complete();
}
