import type { Budget } from '../core/budget.js';
import { TtrpcError } from '../core/errors.js';
import { TtrpcStatus } from '../core/status.js';
import type { CallPlace, ClientCall } from './client-call.js';

/** A list with no more places than this is not worth compacting. */
const MIN_COMPACTED = 32;

/**
 * Calls that wait until they can start, in their order: for a connection to be made, for one to become free, or for the
 * server to take what was written. They wait here and not behind the socket, so that a call that is cancelled, or whose
 * deadline passes, is never sent. It alone writes where a call waits.
 */
export class PendingCalls implements CallPlace {
  /** Those that have left are passed over. Not a Set, for the reason in CallTable: calls come and go as fast here. */
  readonly #calls: ClientCall[] = [];
  /** The places before it are done with. */
  #next = 0;
  #size = 0;

  /** With a `budget` the bytes of the waiting requests are taken from it. */
  constructor(private readonly budget?: Budget) {}

  /** Calls that wait. */
  get size(): number {
    return this.#size;
  }

  /** Lets `call` wait. False when its request exceeds the budget: the call has failed with RESOURCE_EXHAUSTED then. */
  add(call: ClientCall): boolean {
    const { budget } = this;
    const limit = budget?.take(call.requestBytes);
    if (limit !== undefined) {
      const message = `the server has not taken ${budget?.used} bytes of requests; ${call.requestBytes} more exceed the limit of ${limit} bytes`;
      call.fail(new TtrpcError(TtrpcStatus.RESOURCE_EXHAUSTED, message, { unsent: true }));
      return false;
    }
    call.place = this;
    this.#calls.push(call);
    this.#size += 1;
    return true;
  }

  /** As {@link CallPlace.leave}. */
  leave(call: ClientCall): void {
    if (call.place !== this) return;
    call.place = undefined;
    this.#size -= 1;
    this.budget?.give(call.requestBytes);
    this.#compact();
  }

  /** Takes out the call that has waited longest. */
  shift(): ClientCall | undefined {
    while (this.#size > 0) {
      const call = this.#calls[this.#next++] as ClientCall;
      if (call.place !== this) continue;
      this.leave(call);
      return call;
    }
    return undefined;
  }

  /** Takes all calls out, in their order. */
  takeAll(): ClientCall[] {
    const calls = this.#all();
    for (const call of calls) this.leave(call);
    return calls;
  }

  /** Fails all calls. */
  fail(error: TtrpcError): void {
    for (const call of this.#all()) call.fail(error);
  }

  /** An attempt to connect has failed: at most `count` of the calls that do not wait for another one fail with it. */
  onConnectFailed(error: TtrpcError, count: number): void {
    let left = count;
    for (const call of this.#all()) {
      call.connectError = error;
      if (!call.waitForReady && left-- > 0) call.fail(error);
    }
  }

  /** Calls that do not wait for another attempt when one fails. */
  countImpatient(): number {
    return this.#all().filter(({ waitForReady }) => !waitForReady).length;
  }

  #all(): ClientCall[] {
    return this.#calls.slice(this.#next).filter((call) => call.place === this);
  }

  #compact(): void {
    if (this.#size === 0) this.#calls.length = this.#next = 0;
    else if (this.#calls.length > MIN_COMPACTED && this.#calls.length > 2 * this.#size) {
      const calls = this.#all();
      this.#calls.length = this.#next = 0;
      for (const call of calls) this.#calls.push(call);
    }
  }
}
