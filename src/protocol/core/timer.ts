import { describeOption } from './describe.js';

/** What timers of Node take, in ms: 24.8 days. Above it they fire after 1 ms. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * A timer that never fires early. It uses the monotonic clock and allows times above the 24.8 days of the system's
 * timers. `setTimeout` alone drops fractions of a millisecond and counts from the start of the event
 * loop's turn: it can be more than a millisecond early.
 */
export class Timer {
  #handle: NodeJS.Timeout | undefined;
  readonly #at: number;
  readonly #onTime: () => void;

  /** Calls `onTime` once, `ms` milliseconds from now or a little later. */
  constructor(ms: number, onTime: () => void) {
    this.#at = performance.now() + ms;
    this.#onTime = onTime;
    this.#arm(ms);
  }

  /** Stops the timer; harmless when it has fired. */
  clear(): void {
    clearTimeout(this.#handle);
    this.#handle = undefined;
  }

  #arm(ms: number): void {
    this.#handle = setTimeout(this.#look, Math.min(Math.ceil(ms), MAX_TIMEOUT_MS));
  }

  readonly #look = (): void => {
    const left = this.#at - performance.now();
    if (left > 0) this.#arm(left);
    else this.#onTime();
  };
}

/** The largest timeout_nano that is sent: what a double holds exactly, about 104 days. */
const MAX_TIMEOUT_NANO = Number.MAX_SAFE_INTEGER;

/** What is left from `now` until `deadline` (ms of the same clock) as timeout_nano: at least 1, since 0 would mean no limit. */
export function timeoutNanoUntil(deadline: number, now: number): number {
  return Math.min(MAX_TIMEOUT_NANO, Math.max(1, Math.round((deadline - now) * 1e6)));
}

/**
 * Checks a timeout that a user passed.
 * @throws {RangeError} naming `option` when it is not a number above 0.
 */
export function checkTimeoutMs(value: unknown, option: string): number {
  if (typeof value === 'number' && value > 0) return value;
  throw new RangeError(`${option}: expected a number of milliseconds above 0, got ${describeOption(value)}`);
}
