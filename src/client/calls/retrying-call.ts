import { Subscriber } from 'rxjs';
import { TtrpcException } from '../../common/ttrpc-exception.js';
import type { Backoff } from '../../protocol/client/backoff.js';
import type { CallMethod } from '../../protocol/client/call-runtime.js';
import { CallerContext } from '../../protocol/client/caller-context.js';
import type { CallStart } from '../../protocol/client/client-call.js';
import { TtrpcError } from '../../protocol/core/errors.js';
import { sendsRequestStream } from '../../protocol/core/method-shape.js';
import { inRootContext } from '../../protocol/core/root-context.js';
import { TtrpcStatus } from '../../protocol/core/status.js';
import { Timer } from '../../protocol/core/timer.js';
import type { TtrpcCallOptions } from '../api/call-options.js';
import type { Caller, WaitingCall } from './caller.js';
import { logCallbackError } from './client-log.js';
import { cleanUp } from './guarded-subscriber.js';
import { ObservableCall } from './observable-call.js';
import type { ReaderFlow } from './reader-flow.js';
import { replayedRequests, type ReplayedRequests } from './replayed-requests.js';
import type { RetryPolicy } from './retry-policy.js';

/** A call that is made again when an attempt fails, as its policy says. Its deadline is that of all attempts. */
export class RetryingCall implements WaitingCall {
  readonly #context = new CallerContext();
  #requests: ReplayedRequests | undefined;
  #attempt = 0;
  #latest: ObservableCall | undefined;
  /** Why the last attempt failed, while the next one is awaited. */
  #failure: TtrpcException | undefined;
  #backoff: Backoff | undefined;
  #wait: Timer | undefined;
  #responses = 0;

  constructor(
    private readonly caller: Caller,
    private readonly method: CallMethod,
    private readonly policy: RetryPolicy,
    private readonly subscriber: Subscriber<unknown>,
    private readonly flow: ReaderFlow | undefined,
  ) {}

  /** Begins the first attempt; all of them have what `start` says. */
  run(request: unknown, options: TtrpcCallOptions, start: CallStart): void {
    this.subscriber.add(() => this.#end());
    if (sendsRequestStream(this.method.shape)) this.#requests = replayedRequests(request, this.method.fullName);
    this.#begin(request, options, start);
  }

  /** What a call consists of, for `sampleObservables`: this one must not begin. */
  parts(): readonly object[] {
    return [this, this.#subscriber(() => undefined)];
  }

  /** Why the last attempt to connect failed, while the call waits for the next one. */
  get connectError(): TtrpcError | undefined {
    return this.#latest?.connectError;
  }

  /** The error of the deadline where it has passed between two attempts; else `error` as it is. */
  limitError(error: TtrpcError): TtrpcError {
    const { code } = error;
    if (code !== TtrpcStatus.DEADLINE_EXCEEDED || !this.#failure) return error;
    const message =
      `the deadline of the call has passed before attempt ${this.#attempt + 1}` +
      `${this.policy.attempts === Infinity ? '' : ` of ${this.policy.attempts}`}; ` +
      `the last attempt failed: ${this.#failure.message}`;
    return new TtrpcError(code, message, { cause: this.#failure });
  }

  #begin(request: unknown, options: TtrpcCallOptions, start: CallStart): void {
    this.#failure = undefined;
    this.#attempt += 1;
    const attempt = this.#subscriber((error) =>
      this.#onFailed(call, error, () => this.#begin(request, options, start)),
    );
    const call = (this.#latest = new ObservableCall(this.caller, this.method, attempt, this.flow));
    call.run(this.#requests?.attempt(() => call.sent) ?? request, options, start);
  }

  #subscriber(onFailed: (error: unknown) => void): Subscriber<unknown> {
    const { subscriber } = this;
    return new Subscriber<unknown>({
      next: (response) => {
        this.#responses += 1;
        subscriber.next(response);
      },
      error: onFailed,
      complete: () => subscriber.complete(),
    });
  }

  #onFailed(call: ObservableCall, error: unknown, again: () => void): void {
    const { caller, method, policy, subscriber } = this;
    const isFinal = call.endedByCaller || caller.channel.status === 'closed' || subscriber.closed;
    if (isFinal || !(error instanceof TtrpcException) || !policy.includes(error.code)) {
      this.#fail(error);
      return;
    }
    const reason = this.#refusal(call);
    if (reason !== undefined) {
      const { code, message, details, cause } = error;
      this.#fail(new TtrpcException(code, message, details, { cause, rpc: method.fullName, notRetried: reason }));
      return;
    }
    this.#failure = error;
    const ms = Math.max((this.#backoff ??= policy.backoff()).next(), caller.channel.notBeforeMs);
    this.#wait = inRootContext(() => new Timer(ms, () => this.#context.runInAsyncScope(() => this.#next(again))));
    caller.waiting.add(this);
  }

  /** Why there is no other attempt after one that failed with a code of the policy; undefined when there is one. */
  #refusal(call: ObservableCall): string | undefined {
    const { method, policy } = this;
    if (call.sent) {
      if (this.#responses > 0) return 'its caller has got responses already';
      if (sendsRequestStream(method.shape)) return 'it was sent, and its request stream cannot be sent again';
      if (!policy.isIdempotent(method)) return `it was sent, and ${method.fullName} is not marked idempotent`;
    }
    if (this.#attempt < policy.attempts) return undefined;
    return this.#attempt === 1 ? 'attempts is 1' : `all ${this.#attempt} attempts have failed`;
  }

  #next(again: () => void): void {
    this.caller.waiting.delete(this);
    if (!this.subscriber.closed) again();
  }

  /** As {@link WaitingCall.onClosed}. */
  onClosed(error: TtrpcException): void {
    this.#context.runInAsyncScope(() => this.#fail(error));
  }

  #fail(error: unknown): void {
    // Before the caller hears of it: a source that gives its values at once goes on until it is stopped.
    this.#end();
    this.subscriber.error(error);
  }

  #end(): void {
    this.caller.waiting.delete(this);
    this.#wait?.clear();
    const requests = this.#requests;
    this.#requests = undefined;
    try {
      this.#latest?.unsubscribe();
      requests?.end();
    } catch (error) {
      logCallbackError(cleanUp(this.method.fullName), error);
    }
  }
}
