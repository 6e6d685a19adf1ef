import { isObservable, lastValueFrom, Observable, Subscriber, type Subscription } from 'rxjs';
import { TtrpcException } from '../../common/ttrpc-exception.js';
import { CallLimits, checkSignals, type Limited, type Limits } from '../../protocol/client/call-limits.js';
import type { CallMethod } from '../../protocol/client/call-runtime.js';
import { CallerContext } from '../../protocol/client/caller-context.js';
import type { TtrpcError } from '../../protocol/core/errors.js';
import { ReceiveQueue } from '../../protocol/connection/receive-queue.js';
import { TtrpcMetadata } from '../../protocol/core/metadata.js';
import { inRootContext } from '../../protocol/core/root-context.js';
import { TtrpcStatus } from '../../protocol/core/status.js';
import type { TtrpcCallOptions } from '../api/call-options.js';
import { callOptions, type Caller } from './caller.js';
import { describe, exceptionOf } from './caller-error.js';
import type { Calls } from './calls.js';
import { logCallbackError } from './client-log.js';
import type { InterceptedCall, TtrpcClientInterceptor } from '../api/interceptor.js';
import { ObservableCall, sampleObservables } from './observable-call.js';
import { OneReader } from '../../protocol/client/one-reader.js';
import { ReaderFlow } from './reader-flow.js';
import { RetryPolicy } from './retry-policy.js';
import { RetryingCall } from './retrying-call.js';

/** Stands for the response of a call that ended without one. */
const NOTHING = Symbol('nothing');

/** The calls of a client that has interceptors, and those that may be made again, in the forms of its proxies. */
export class InterceptedCalls implements Calls {
  /** Kept for V8 from the first call on, see {@link sampleObservables}. */
  protected sample: readonly object[] | undefined;

  constructor(
    private readonly caller: Caller,
    private readonly interceptors: readonly TtrpcClientInterceptor[],
  ) {}

  /** As a cold Observable. */
  observe(
    method: CallMethod,
    request: unknown,
    options: TtrpcCallOptions | undefined,
    flow?: ReaderFlow,
  ): Observable<unknown> {
    this.sample ??= inRootContext(() => this.#sampleOf(method));
    return new Observable((subscriber) => {
      const limits = new OuterLimits(subscriber, method.fullName);
      let call: InterceptedCall;
      let outer: Limits;
      try {
        call = this.#intercepted(method, request, options);
        const { signal, parent } = call.options;
        outer = { deadline: this.caller.deadline(call.options), signal, parentSignal: parent?.signal };
        limits.start(outer);
      } catch (error) {
        subscriber.error(exceptionOf(error, method.fullName));
        return;
      }
      subscriber.add(limits);
      this.#pass(0, call, (last) => this.#call(method, last, outer.deadline, limits, flow)).subscribe(subscriber);
    });
  }

  /** A unary or client-streaming call as a Promise. */
  promise(method: CallMethod, request: unknown, options: TtrpcCallOptions | undefined): Promise<unknown> {
    return lastValueFrom(this.observe(method, request, options), { defaultValue: NOTHING }).then((response) => {
      if (response !== NOTHING) return response;
      const message = `an interceptor of ${method.fullName} ended the call without a response`;
      throw new TtrpcException(TtrpcStatus.INTERNAL, message, [], { rpc: method.fullName });
    });
  }

  /** A server-streaming or bidi call as an AsyncIterable; the first `next()` begins it. */
  iterate(
    method: CallMethod,
    request: unknown,
    options: TtrpcCallOptions | undefined,
  ): AsyncIterableIterator<unknown, undefined> {
    const flow = new ReaderFlow();
    return new ObservableIterator(this.observe(method, request, options, flow), flow, method.fullName);
  }

  #sampleOf(method: CallMethod): readonly object[] {
    const { caller } = this;
    const policy = RetryPolicy.of(true) as RetryPolicy;
    const subscriber = new Subscriber<unknown>();
    const retrying = new RetryingCall(caller, method, policy, subscriber, undefined);
    return [
      ...sampleObservables(caller, method),
      new OuterLimits(subscriber, method.fullName),
      new ReaderFlow(),
      ...retrying.parts(),
    ];
  }

  #intercepted(method: CallMethod, request: unknown, options: TtrpcCallOptions | undefined): InterceptedCall {
    const { ref, shape } = method;
    const own = callOptions(options);
    const metadata = this.caller.metadata(own) ?? new TtrpcMetadata();
    return { service: ref.service, method: ref.method, shape, request, options: { ...own, metadata } };
  }

  #pass(
    index: number,
    call: InterceptedCall,
    last: (call: InterceptedCall) => Observable<unknown>,
  ): Observable<unknown> {
    const interceptor = this.interceptors[index];
    if (!interceptor) return last(call);
    const responses: unknown = interceptor(call, (changed = call) => this.#pass(index + 1, changed, last));
    if (isObservable(responses)) return responses;
    throw new TypeError(
      `interceptor ${interceptor.name || index} of ${call.service}/${call.method}: expected an Observable, ` +
        `got ${describe(responses)}`,
    );
  }

  /** The call itself, behind all interceptors. */
  #call(
    method: CallMethod,
    { request, options }: InterceptedCall,
    limit: number | undefined,
    limits: OuterLimits,
    flow: ReaderFlow | undefined,
  ): Observable<unknown> {
    const { caller } = this;
    return new Observable((subscriber) => {
      try {
        const own = caller.deadline(options);
        const deadline = own === undefined || (limit !== undefined && limit < own) ? limit : own;
        const metadata = new TtrpcMetadata(options.metadata);
        const { signal, parent } = options;
        const dispatched = caller.dispatched(method, request, metadata);
        const start = { deadline, metadata: dispatched, signal, parentSignal: parent?.signal, parent };
        const policy = RetryPolicy.of(options.retry, caller.retry);
        if (policy) {
          const retrying = new RetryingCall(caller, method, policy, subscriber, flow);
          limits.latest = retrying;
          retrying.run(request, options, start);
          return undefined;
        }
        const direct = new ObservableCall(caller, method, subscriber, flow);
        limits.latest = direct;
        return direct.run(request, options, start);
      } catch (error) {
        subscriber.error(exceptionOf(error, method.fullName));
        return undefined;
      }
    });
  }
}

/** Ends a call at its deadline and by its signals also while an interceptor has it. */
class OuterLimits implements Limited {
  readonly #context = new CallerContext();
  #limits: CallLimits | undefined;
  /** The call that the interceptors have begun last. */
  latest: ObservableCall | RetryingCall | undefined;

  constructor(
    private readonly subscriber: Subscriber<unknown>,
    private readonly fullName: string,
  ) {}

  get connectError(): TtrpcError | undefined {
    return this.latest?.connectError;
  }

  /** @throws CANCELLED when a signal has aborted already */
  start(limits: Limits): void {
    checkSignals(limits);
    this.#limits = CallLimits.of(this, limits);
  }

  onLimit(error: TtrpcError): void {
    const { subscriber, fullName } = this;
    const { latest } = this;
    const exception = exceptionOf(latest instanceof RetryingCall ? latest.limitError(error) : error, fullName);
    try {
      this.#context.runInAsyncScope(() => subscriber.error(exception));
    } catch (thrown) {
      logCallbackError(`the clean-up of an interceptor of ${fullName}`, thrown);
    }
  }

  unsubscribe(): void {
    this.#limits?.clear();
  }
}

/** Reads an Observable one value after the other; `flow` slows what is behind it. */
class ObservableIterator implements AsyncIterableIterator<unknown, undefined> {
  readonly #queue: ReceiveQueue<unknown>;
  readonly #reader: OneReader;
  #begun = false;
  #subscription: Subscription | undefined;

  constructor(
    private readonly source: Observable<unknown>,
    private readonly flow: ReaderFlow,
    private readonly fullName: string,
  ) {
    this.#reader = new OneReader(this, fullName, (error) => exceptionOf(error, fullName));
    this.#queue = new ReceiveQueue(flow, () => this.#leave());
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (!this.#begun) {
      this.#begun = true;
      this.#subscription = this.source.subscribe({
        next: (value) => this.#queue.push(value, this.flow.takeBytes()),
        error: (error: unknown) => this.#onError(error),
        complete: () => this.#queue.end(),
      });
    }
    return this.#queue.next();
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#begun = true;
    return this.#queue.return();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<unknown, undefined> {
    return this.#reader.take();
  }

  #leave(): void {
    try {
      this.#subscription?.unsubscribe();
    } catch (error) {
      logCallbackError(`the clean-up of an interceptor of ${this.fullName}`, error);
    }
  }

  #onError(error: unknown): void {
    const code = error instanceof TtrpcException ? error.code : undefined;
    if (code === TtrpcStatus.CANCELLED || code === TtrpcStatus.DEADLINE_EXCEEDED) this.#queue.abort(error);
    else this.#queue.fail(error);
  }
}
