import { from, isObservable, Subscriber, type Observable, type ObservableInput, type Observer } from 'rxjs';
import { requestError, type ClientCall } from '../../protocol/client/client-call.js';
import type { MessageCodec } from '../../protocol/wire/message-codec.js';
import { isIterable, Pump, type PumpTarget } from '../../protocol/connection/pump.js';
import { CallerContext } from './caller-context.js';
import { badCall, describe } from './caller-error.js';
import { logCallbackError } from './client-log.js';
import type { ClientMethod } from '../api/client-method.js';

/** Who has a {@link RequestFeed}. */
export interface FeedOwner {
  /** The source itself has failed. */
  onSourceFailed(error: unknown): void;
}

/** Brings what a caller streams to its call, until one of them ends. */
export interface RequestFeed {
  /** Begins. */
  start(call: ClientCall, owner: FeedOwner): void;
  /** The call is over: the source is unsubscribed, or its `return()` runs. Harmless when it has ended. */
  stop(): void;
  /** The reader of the answers is behind: a source that can wait does, until {@link resume}. */
  pause(): void;
  /** See {@link pause}. */
  resume(): void;
}

/**
 * The feed for the stream argument of a call. What is both an Observable and an AsyncIterable (a TtrpcStream) is read by
 * demand. Raises INVALID_ARGUMENT that names the rpc for what is no stream.
 */
export function requestFeed(source: unknown, method: ClientMethod): RequestFeed {
  if (isIterable(source) && (Symbol.asyncIterator in source || !isSubscribable(source))) {
    return new IterableFeed(source, method.request);
  }
  if (isSubscribable(source)) return new ObservableFeed(toObservable(source), method);
  throw badCall(
    `${method.fullName} takes a stream: expected an Observable or an AsyncIterable of ${method.request.typeName}, ` +
      `got ${describe(source)}`,
  );
}

/** Pushes what an Observable gives; it is subscribed at once, so that nothing of a hot one is lost. */
class ObservableFeed implements RequestFeed {
  readonly #context = new CallerContext();
  #subscriber: Subscriber<unknown> | undefined;

  constructor(
    private readonly source: Observable<unknown>,
    private readonly method: ClientMethod,
  ) {}

  start(call: ClientCall, owner: FeedOwner): void {
    // A Subscriber of its own, since a synchronous source must be stopped before `subscribe` returns.
    const subscriber = (this.#subscriber = new GuardedSubscriber(this.method.fullName, {
      next: (value) => {
        try {
          call.send(this.method.request, value);
        } catch (error) {
          call.fail(requestError(error));
        }
      },
      error: (error: unknown) => owner.onSourceFailed(error),
      complete: () => call.closeSend(),
    }));
    try {
      this.source.subscribe(subscriber);
    } catch (error) {
      // A source that has ended by now, and failed while it cleaned up; any other has not begun.
      if (subscriber.closed) logCallbackError(cleanUp(this.method.fullName), error);
      else owner.onSourceFailed(error);
    }
  }

  stop(): void {
    const subscriber = this.#subscriber;
    if (subscriber && !subscriber.closed) this.#context.runInAsyncScope(unsubscribe, subscriber);
  }

  pause(): void {
    // An Observable cannot wait: what it is ahead of the server is held, up to `maxBufferedBytes`.
  }

  resume(): void {
    // As above.
  }
}

/** What fails while the source cleans up is logged: nobody who unsubscribes, or ends the source, could help it. */
class GuardedSubscriber extends Subscriber<unknown> {
  constructor(
    private readonly fullName: string,
    observer: Observer<unknown>,
  ) {
    super(observer);
  }

  override unsubscribe(): void {
    try {
      super.unsubscribe();
    } catch (error) {
      logCallbackError(cleanUp(this.fullName), error);
    }
  }
}

function unsubscribe(this: Subscriber<unknown>): void {
  this.unsubscribe();
}

function cleanUp(fullName: string): string {
  return `the clean-up of the request stream of ${fullName}`;
}

/** Pulls what an iterable gives, only while the server takes it and the answers are read. */
class IterableFeed implements RequestFeed, PumpTarget<unknown> {
  readonly #context = new CallerContext();
  readonly #pump: Pump<unknown>;
  readonly #codec: MessageCodec;
  #call: ClientCall | undefined;
  #running = true;
  /** Why a message could not be sent: that is no failure of the source. */
  #unsent: { readonly error: unknown } | undefined;
  #paused = false;
  #wake: (() => void) | undefined;

  constructor(source: AsyncIterable<unknown> | Iterable<unknown>, codec: MessageCodec) {
    this.#codec = codec;
    this.#pump = new Pump(source, this);
  }

  start(call: ClientCall, owner: FeedOwner): void {
    this.#call = call;
    this.#pump.run().then(
      (ended) => {
        this.#running = false;
        if (ended) call.closeSend();
      },
      (error: unknown) => {
        this.#running = false;
        if (this.#unsent) call.fail(requestError(this.#unsent.error));
        else owner.onSourceFailed(error);
      },
    );
  }

  stop(): void {
    if (this.#running) this.#context.runInAsyncScope(stop, this.#pump);
    this.#running = false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake) this.onWritable(wake);
  }

  /** As {@link PumpTarget.writable}. */
  get writable(): boolean {
    return !this.#paused && this.#call?.writable === true;
  }

  /** As {@link PumpTarget.onWritable}. */
  onWritable(callback: () => void): void {
    if (this.#paused) this.#wake = callback;
    else if (this.#call?.writable) callback();
    else this.#call?.onWritable(() => this.onWritable(callback));
  }

  /** As {@link PumpTarget.send}. */
  send(value: unknown): void {
    try {
      this.#call?.send(this.#codec, value);
    } catch (error) {
      this.#unsent = { error };
      throw error;
    }
  }
}

function stop(this: Pump<unknown>): void {
  this.stop();
}

interface Subscribable {
  subscribe(...args: never[]): unknown;
}

function isSubscribable(value: unknown): value is Subscribable {
  return typeof value === 'object' && value !== null && typeof (value as Subscribable).subscribe === 'function';
}

function toObservable(source: Subscribable): Observable<unknown> {
  // Of another library or another copy of RxJS: `from` knows the interop symbol.
  return isObservable(source) ? source : from(source as unknown as ObservableInput<unknown>);
}
