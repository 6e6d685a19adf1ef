import { Observable, Subscriber, type Observer, type Subscription, type TeardownLogic } from 'rxjs';
import { TtrpcException } from '../../common/ttrpc-exception.js';
import type { TtrpcStream } from '../../common/ttrpc-stream.js';
import { messageOf, type TtrpcError } from '../../protocol/core/errors.js';
import { ReceiveQueue } from '../../protocol/connection/receive-queue.js';
import { sendsResponseStream } from '../../protocol/core/method-shape.js';
import type { RequestReceiver } from '../../protocol/server/handler-run.js';
import type { ServerCall } from '../../protocol/server/server-call.js';
import { TtrpcStatus } from '../../protocol/core/status.js';
import { CheckedDelivery } from './checked-delivery.js';
import { guardedReader, type ReaderFailures } from './guarded-reader.js';
import { CheckedIterator, type MessageCheck } from './message-check.js';
import type { Delivery } from './paced-delivery.js';
import { StreamDelivery } from './stream-delivery.js';
import { watchError } from './unheard-errors.js';

/**
 * How long, in ms, messages wait for a handler that has subscribed to them and responds later. It may need one of them
 * to decide on its response, so they do not wait for ever.
 */
const LATE_RESPONSE_MS = 50;

/**
 * The messages that a client streams, as its handler reads them. A subscriber gets the first one when the handler's
 * response is observed, so that nothing is lost of what a handler makes of it: the Subject of Nest's documentation drops
 * what it is given before it has an observer.
 */
export class RequestStream<T> extends Observable<T> implements TtrpcStream<T>, RequestReceiver<T> {
  readonly #call: ServerCall;
  readonly #failures: ReaderFailures;
  readonly #queue: ReceiveQueue<T>;
  #check: MessageCheck<T> | undefined;
  #delivery: Delivery<T> | undefined;
  /** Has subscribed, and gets nothing yet. */
  #waiting: Delivery<T> | undefined;
  #turn: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #observing = false;
  /** What is known of the handler: pending from its begin to its return, as far as Nest lets that be seen. */
  #pending = true;
  /** The reader is a plain observer: what it makes of a message may go to a Subject without an observer. */
  #isPlain = false;
  #read = false;

  /** Queues from now on; nothing flows to a reader yet. `failures` gets its reader's. */
  constructor(call: ServerCall, failures: ReaderFailures) {
    super((subscriber) => this.#deliverTo(subscriber));
    this.#call = call;
    this.#failures = failures;
    this.#queue = new ReceiveQueue<T>(call, () => undefined);
  }

  /** As Observable's. What a reader throws ends the call, and an error that it does not take is logged: neither is thrown. */
  override subscribe(observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null): Subscription;
  override subscribe(
    next?: ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription;
  override subscribe(
    reader?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // An operator's: what is behind it is RxJS's own.
    if (reader instanceof Subscriber) return super.subscribe(reader as Observer<T>);
    this.#isPlain = true;
    return super.subscribe(guardedReader(reader, error, complete, this.#failures));
  }

  /** As {@link RequestReceiver.push}. */
  push(message: T, bytes: number): void {
    if (this.#delivery?.offer(message) !== true) this.#queue.push(message, bytes);
  }

  /** As {@link RequestReceiver.end}. */
  end(): void {
    this.#queue.end();
  }

  /** The handler's response is about to be observed: its subscribers wait for {@link responseObserved}. */
  observingResponse(): void {
    this.#observing = true;
  }

  /** The response is observed: messages flow to the subscriber. */
  responseObserved(): void {
    this.#observing = false;
    this.#pending = false;
    this.#begin();
  }

  /** The handler is called, some time after its response is observed where an interceptor stands before it. */
  handlerBegins(): void {
    this.#pending = true;
  }

  /** The handler has returned its response, which is observed by the end of this turn of the event loop. */
  handlerReturned(): void {
    this.#pending = false;
    if (this.#timer) this.#awaitTurn();
  }

  /** The call has ended without its handler: what is queued is dropped, and its reader gets the reason at once. */
  abort(error: TtrpcError): void {
    const exception = TtrpcException.from(error);
    this.#watch(exception);
    this.#queue.abort(exception);
    this.#begin();
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    this.#claim();
    return this.#check ? new CheckedIterator(this.#queue, this.#check) : this.#queue;
  }

  /** Each message passes `check` before the reader gets it; one that is refused fails the stream with the reason. */
  checkWith(check: MessageCheck<T>): void {
    this.#check = async (message) => {
      try {
        return await check(message);
      } catch (error) {
        // The pipe's own error, whatever it is: filters look for its class.
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        throw this.#refused(error);
      }
    };
  }

  /** Why a message was refused, once one was. */
  refusal: object | undefined;

  #refused(error: unknown): object {
    const refusal = typeof error === 'object' && error !== null ? error : new Error(messageOf(error), { cause: error });
    this.refusal = refusal;
    watchError(refusal, () => this.#failures.onUnheardError(refusal));
    return refusal;
  }

  #claim(): void {
    if (this.#read) {
      throw new TtrpcException(
        TtrpcStatus.FAILED_PRECONDITION,
        `the request stream of ${this.#call.method.method} has a reader already: it can be read once`,
      );
    }
    this.#read = true;
  }

  #deliverTo(subscriber: Subscriber<T>): TeardownLogic {
    try {
      this.#claim();
    } catch (error) {
      this.#watch(error as TtrpcException);
      subscriber.error(error);
      return;
    }
    const onFailed = (error: unknown): void => this.#failures.onReaderFailed(error);
    this.#waiting = this.#check
      ? new CheckedDelivery(this.#call, this.#queue, subscriber, this.#check, onFailed)
      : new StreamDelivery(this.#call, this.#queue, subscriber, onFailed);
    if (this.#call.ended) this.#begin();
    // Behind an interceptor the response is observed some microtasks after the handler has subscribed.
    else if (!this.#observing) this.#awaitTurn();
    return () => this.#leave();
  }

  #awaitTurn(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#turn = setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    // `lastValueFrom(messages)` in a client-streaming handler is not a plain observer, and need not wait.
    const mayWait = this.#isPlain || sendsResponseStream(this.#call.method.shape);
    if (this.#pending && mayWait) this.#timer = setTimeout(this.#onLate, LATE_RESPONSE_MS);
    else this.#begin();
  };

  /** Where the process has stood still meanwhile, what the handler waits for is read before the messages go to it. */
  readonly #onLate = (): void => {
    this.#timer = undefined;
    this.#turn = setImmediate(() => (this.#turn = setImmediate(this.#begin)));
  };

  /** The waiting subscriber gets what came, and from now on what comes. */
  readonly #begin = (): void => {
    const delivery = this.#waiting;
    if (!delivery) return;
    this.#stopWaiting();
    this.#delivery = delivery;
    this.#queue.listen(delivery.deliver);
    delivery.deliver();
  };

  #leave(): void {
    this.#stopWaiting();
    this.#delivery = undefined;
    this.#queue.listen(undefined);
    void this.#queue.return();
  }

  #stopWaiting(): void {
    this.#waiting = undefined;
    if (this.#turn) clearImmediate(this.#turn);
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #watch(error: TtrpcException): void {
    watchError(error, () => this.#failures.onUnheardError(error));
  }
}
