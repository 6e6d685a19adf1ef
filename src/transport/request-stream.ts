import { Observable, type Subscriber, type TeardownLogic } from 'rxjs';
import { TtrpcException } from '../common/ttrpc-exception.js';
import type { TtrpcStream } from '../common/ttrpc-stream.js';
import type { TtrpcError } from '../protocol/errors.js';
import { Inbox } from '../protocol/inbox.js';
import type { MessageCodec } from '../protocol/message-codec.js';
import type { RequestInput, ServerCall } from '../protocol/server-call.js';
import { TtrpcStatus } from '../protocol/status.js';
import { StreamDelivery } from './stream-delivery.js';
import { decodeFailure } from './unary-request.js';

/** The messages that a client streams, as its handler reads them. */
export class RequestStream<T> extends Observable<T> implements TtrpcStream<T>, RequestInput {
  readonly #call: ServerCall;
  readonly #codec: MessageCodec<T>;
  readonly #inbox: Inbox<T>;
  #delivery: StreamDelivery<T> | undefined;
  #read = false;

  /** Queues from now on; nothing flows to a reader yet. */
  constructor(call: ServerCall, codec: MessageCodec<T>) {
    super((subscriber) => this.#deliverTo(subscriber));
    this.#call = call;
    this.#codec = codec;
    this.#inbox = new Inbox<T>(call, () => undefined);
  }

  /** As {@link RequestInput.onMessage}. */
  onMessage(buf: Uint8Array, start: number, end: number): void {
    let message: T;
    try {
      message = this.#call.decode(this.#codec, buf, start, end);
    } catch (error) {
      throw decodeFailure(error);
    }
    const bytes = Math.max(end - start, this.#call.decodedBytes);
    if (this.#delivery?.offer(message) !== true) this.#inbox.push(message, bytes);
  }

  /** As {@link RequestInput.onEnd}. */
  onEnd(): void {
    this.#inbox.end();
  }

  /** The call has ended without its handler: what is queued is dropped, and its reader gets the reason at once. */
  abort(error: TtrpcError): void {
    this.#inbox.abort(TtrpcException.from(error));
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    this.#claim();
    return this.#inbox;
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
      subscriber.error(error);
      return;
    }
    const inbox = this.#inbox;
    const delivery = new StreamDelivery(this.#call, inbox, subscriber);
    this.#delivery = delivery;
    inbox.listen(delivery.deliver);
    delivery.deliver();
    return () => {
      this.#delivery = undefined;
      inbox.listen(undefined);
      void inbox.return();
    };
  }
}
