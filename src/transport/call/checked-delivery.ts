import type { Subscriber } from 'rxjs';
import type { ReceiveQueue } from '../../protocol/connection/receive-queue.js';
import type { ServerCall } from '../../protocol/server/server-call.js';
import type { MessageCheck } from './message-check.js';
import { PacedDelivery } from './paced-delivery.js';

/**
 * As StreamDelivery, for messages that are checked: one is checked at a time, and those behind it wait in the queue, where
 * their number is limited.
 */
export class CheckedDelivery<T> extends PacedDelivery<T> {
  #busy = false;

  constructor(
    call: ServerCall,
    private readonly queue: ReceiveQueue<T>,
    private readonly subscriber: Subscriber<T>,
    private readonly check: MessageCheck<T>,
    /** Gets what the subscriber throws at its end. */
    private readonly onFailed: (error: unknown) => void,
  ) {
    super(call);
  }

  /** Takes `message` if it is its turn now; else it belongs into the queue. */
  offer(message: T): boolean {
    if (this.#busy || this.queue.size > 0 || this.subscriber.closed || !this.takes()) return false;
    this.#checkNext(message);
    return true;
  }

  /** Delivers the next message, if there is one and the subscriber takes it, or the end. */
  readonly deliver = (): void => {
    if (this.#busy || this.subscriber.closed) return;
    if (!this.takes()) {
      this.wait();
      return;
    }
    if (this.queue.size > 0) {
      this.#checkNext(this.queue.take());
      return;
    }
    const end = this.queue.takeEnd();
    if (!end) return;
    this.#guard(() => (end.error === undefined ? this.subscriber.complete() : this.subscriber.error(end.error)));
  };

  #checkNext(message: T): void {
    this.#busy = true;
    this.check(message).then(
      (checked) => {
        this.#guard(() => this.subscriber.next(checked));
        this.#busy = false;
        this.deliver();
      },
      (error: unknown) => this.#guard(() => this.subscriber.error(error)),
    );
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.onFailed(error);
    }
  }
}
