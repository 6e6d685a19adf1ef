import type { CallQueue, ClientCall } from './client-call.js';
import { TtrpcError } from '../core/errors.js';
import { TtrpcStatus } from '../core/status.js';
import type { DrainWaiter, StreamSender } from '../connection/send-queue.js';

/** A list of so few calls is not worth tidying up. */
const MIN_COMPACTED = 32;

/**
 * Requests at a connection whose server does not take what was written. They wait here and not behind the socket, so
 * that one whose caller gives up, or whose time passes, is never sent, and so that what waits is bounded.
 */
export class RequestQueue implements CallQueue, DrainWaiter {
  /**
   * In their order; those that wait no more are passed over. Not a Set, for what CallTable says: here calls
   * come and go as fast, while a server is behind.
   */
  #calls: ClientCall[] = [];
  /** Where in `#calls` it goes on: callers may change the queue while a call begins. */
  #next = 0;
  #size = 0;

  /** For the calls of one connection. */
  constructor(
    private readonly sender: StreamSender,
    private readonly begin: (call: ClientCall) => void,
  ) {}

  /** Calls that wait. */
  get size(): number {
    return this.#size;
  }

  /** Lets `call` wait; it fails with RESOURCE_EXHAUSTED when too many bytes wait already. */
  add(call: ClientCall): void {
    const { budget } = this.sender;
    const limit = budget.take(call.requestBytes);
    if (limit !== undefined) {
      const message = `the server has not taken ${budget.used} bytes of requests; ${call.requestBytes} more exceed the limit of ${limit} bytes`;
      call.fail(new TtrpcError(TtrpcStatus.RESOURCE_EXHAUSTED, message, { unsent: true }));
      return;
    }
    this.#calls.push(call);
    this.#size += 1;
    call.queue = this;
    this.sender.awaitDrain(this);
  }

  /** As {@link CallQueue.delete}. */
  delete(call: ClientCall): void {
    if (!this.#leave(call)) return;
    if (this.#calls.length > MIN_COMPACTED && this.#calls.length > 2 * this.#size) {
      this.#calls = this.#calls.filter((each) => each.queue === this);
      this.#next = 0;
    }
  }

  /** Takes all calls out, in their order. */
  takeAll(): ClientCall[] {
    const calls = this.#calls.filter((call) => this.#leave(call));
    this.#calls = [];
    this.#next = 0;
    return calls;
  }

  /** As {@link DrainWaiter.onDrain}. */
  onDrain(): boolean {
    while (this.#size > 0 && this.sender.writer.writable) {
      const call = this.#calls[this.#next++] as ClientCall;
      if (this.#leave(call)) this.begin(call);
    }
    this.#calls.splice(0, this.#next);
    this.#next = 0;
    return this.#size === 0;
  }

  #leave(call: ClientCall): boolean {
    if (call.queue !== this) return false;
    call.queue = undefined;
    this.#size -= 1;
    this.sender.budget.give(call.requestBytes);
    return true;
  }
}
