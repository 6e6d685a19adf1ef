import type { Subscriber } from 'rxjs';
import type { ReceiveQueue } from '../../protocol/connection/receive-queue.js';
import type { ServerCall } from '../../protocol/server/server-call.js';
import { PacedDelivery } from './paced-delivery.js';

/**
 * Brings the messages of a request stream to one subscriber: at once while it takes them, else from the queue. A handler
 * that maps each message to a response is slowed here, by its own client's reading.
 */
export class StreamDelivery<T> extends PacedDelivery<T> {
  #delivering = false;
  /** Something came while a message was delivered: by a Duplex that delivers while it is written to, or the end. */
  #missed = false;

  constructor(
    call: ServerCall,
    private readonly queue: ReceiveQueue<T>,
    private readonly subscriber: Subscriber<T>,
    /** Gets what the subscriber throws at its end: RxJS's `finalize()` and teardowns throw there. */
    private readonly onFailed: (error: unknown) => void,
  ) {
    super(call);
  }

  /** Delivers `message` if it is its turn and the subscriber takes it now; else it belongs into the queue. */
  offer(message: T): boolean {
    if (this.#delivering || this.queue.size > 0 || this.subscriber.closed || !this.takes()) return false;
    this.#delivering = true;
    try {
      this.subscriber.next(message);
    } catch (error) {
      this.onFailed(error);
    }
    this.#delivering = false;
    if (this.#missed) this.deliver();
    return true;
  }

  /** Delivers what is queued as far as the subscriber takes it, then the end. */
  readonly deliver = (): void => {
    if (this.#delivering) {
      this.#missed = true;
      return;
    }
    this.#delivering = true;
    this.#missed = false;
    try {
      this.#deliverAll();
    } catch (error) {
      this.onFailed(error);
    }
    this.#delivering = false;
  };

  #deliverAll(): void {
    const { queue, subscriber } = this;
    while (!subscriber.closed) {
      if (!this.takes()) {
        this.wait();
        break;
      }
      if (queue.size > 0) {
        subscriber.next(queue.take());
        continue;
      }
      const end = queue.takeEnd();
      if (end) {
        if (end.error === undefined) subscriber.complete();
        else subscriber.error(end.error);
      }
      break;
    }
  }
}
