import { MAX_TIMEOUT_MS } from '../../protocol/core/timer.js';

/** Below this many ms the next call is waited for by turns of the event loop: timers are late by up to 1 ms. */
const SHORT_MS = 2;

/**
 * So often the event loop turns before it sleeps until the response to the only call in flight. Go's scheduler looks for
 * work about as long before its thread sleeps, so latencies compare with those that Go's clients see. Not a time: what
 * either does in it takes longer on a slower core.
 */
const AWAKE_TURNS = 9;

/** How a load waits for the time of its next call, and for responses. */
export class Waiting {
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #turnsLeft = 0;
  #isTurning = false;
  readonly #onTurn = (): void => {
    this.#isTurning = this.#turnsLeft-- > 0;
    if (this.#isTurning) setImmediate(this.#onTurn);
  };
  readonly #onTime = (): void => {
    this.#timer = undefined;
    this.wake();
  };

  /** `wake` is called at the time, or up to 1 ms before it. */
  constructor(private readonly wake: () => void) {}

  /** Waits for `ms` from now, unless it waits already. */
  until(ms: number): void {
    if (this.#timer) return;
    this.#timer =
      ms < SHORT_MS ? setImmediate(this.#onTime) : setTimeout(this.#onTime, Math.min(ms - 1, MAX_TIMEOUT_MS));
  }

  /** Lets the next response be read as it comes, rather than when the system has woken the process. */
  stayAwake(): void {
    this.#turnsLeft = AWAKE_TURNS;
    if (this.#isTurning) return;
    this.#isTurning = true;
    setImmediate(this.#onTurn);
  }

  /** Wakes nobody any more. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
    this.#timer = undefined;
  }
}
