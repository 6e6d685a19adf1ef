import { sendsResponseStream } from '../../protocol/core/method-shape.js';
import type { ServerCall } from '../../protocol/server/server-call.js';

/** Brings the messages of a request stream to one subscriber. */
export interface Delivery<T> {
  /** False when `message` belongs into the queue. */
  offer(message: T): boolean;
  /** There may be something in the queue, or its end. */
  readonly deliver: () => void;
}

/**
 * A delivery at the pace of the responses: a handler that maps each message to a response is slowed by its own client's
 * reading.
 */
export abstract class PacedDelivery<T> implements Delivery<T> {
  readonly #responsesFlow: boolean;
  #waiting = false;

  constructor(private readonly call: ServerCall) {
    this.#responsesFlow = sendsResponseStream(call.method.shape);
  }

  abstract offer(message: T): boolean;

  abstract readonly deliver: () => void;

  /** True while responses are written as they come, or there are none to wait for. */
  protected takes(): boolean {
    return !this.#responsesFlow || this.call.ended || this.call.writable;
  }

  /** Delivers when responses can be written again. */
  protected wait(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.call.onWritable(this.#onWritable);
  }

  readonly #onWritable = (): void => {
    this.#waiting = false;
    this.deliver();
  };
}
