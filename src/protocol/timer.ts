import { describeOption } from './describe.js';

/** Above this Node fires a timer after 1 ms. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** A timer that also holds for times longer than the system's timers do (some 24.8 days). */
export class Timer {
  #handle: NodeJS.Timeout | undefined;
  readonly #onTime: () => void;

  /** Calls `onTime` once, after `ms` milliseconds. */
  constructor(ms: number, onTime: () => void) {
    this.#onTime = onTime;
    this.#arm(ms);
  }

  /** Stops the timer; harmless when it has fired. */
  clear(): void {
    clearTimeout(this.#handle);
    this.#handle = undefined;
  }

  #arm(ms: number): void {
    this.#handle =
      ms > MAX_TIMEOUT_MS
        ? setTimeout(() => this.#arm(ms - MAX_TIMEOUT_MS), MAX_TIMEOUT_MS)
        : setTimeout(this.#onTime, ms);
  }
}

/** The largest timeout_nano that is sent: what a double holds exactly, about 104 days. */
const MAX_TIMEOUT_NANO = Number.MAX_SAFE_INTEGER;

/** What is left until `deadline` (ms since the epoch) as timeout_nano: at least 1, since 0 would mean no limit. */
export function timeoutNanoUntil(deadline: number, now: number): number {
  return Math.min(MAX_TIMEOUT_NANO, Math.max(1, Math.round((deadline - now) * 1e6)));
}

/** Checks a timeout that a user passed. Raises a RangeError that names `option` unless it is a number above 0. */
export function checkTimeoutMs(value: unknown, option: string): number {
  if (typeof value === 'number' && value > 0) return value;
  throw new RangeError(`${option}: expected a number of milliseconds above 0, got ${describeOption(value)}`);
}
