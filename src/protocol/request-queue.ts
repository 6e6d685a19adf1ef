import type { CallQueue, ClientCall } from './client-call.js';
import { TtrpcError } from './errors.js';
import { TtrpcStatus } from './status.js';
import type { DrainWaiter, StreamSender } from './stream-output.js';

/**
 * Requests at a connection whose server does not take what was written. They wait here and not behind the socket, so
 * that one whose caller gives up, or whose time passes, is never sent, and so that what waits is bounded.
 */
export class RequestQueue implements CallQueue, DrainWaiter {
  /** A new one whenever it was empty: a Set that is used for long is made anew in old space every few calls. */
  #calls = new Set<ClientCall>();

  /** For the calls of one connection. */
  constructor(
    private readonly sender: StreamSender,
    private readonly begin: (call: ClientCall) => void,
  ) {}

  /** Calls that wait. */
  get size(): number {
    return this.#calls.size;
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
    this.#calls.add(call);
    call.queue = this;
    this.sender.awaitDrain(this);
  }

  /** As {@link CallQueue.delete}. */
  delete(call: ClientCall): void {
    if (!this.#calls.delete(call)) return;
    if (this.#calls.size === 0) this.#calls = new Set();
    call.queue = undefined;
    this.sender.budget.give(call.requestBytes);
  }

  /** Takes all calls out, in their order. */
  takeAll(): ClientCall[] {
    const calls = [...this.#calls];
    for (const call of calls) this.delete(call);
    return calls;
  }

  /** As {@link DrainWaiter.onDrain}. */
  onDrain(): boolean {
    for (const call of this.#calls) {
      if (!this.sender.writer.writable) return false;
      this.delete(call);
      this.begin(call);
    }
    return true;
  }
}
