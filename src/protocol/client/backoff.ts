import { describeOption } from '../core/describe.js';
import { refuseUnknownOptions, type OptionNames } from '../core/option-names.js';

/** Waits between attempts, in ms. */
export interface BackoffOptions {
  /** The first wait. Default 50. */
  initialMs?: number | undefined;
  /** The longest wait. Default 5,000. */
  maxMs?: number | undefined;
  /** What a wait is multiplied by after each failure. Default 1.6. */
  factor?: number | undefined;
  /** Share of a wait by which it varies at random, so that clients do not come back all at once. Default 0.2. */
  jitter?: number | undefined;
}

const OPTIONS: OptionNames<BackoffOptions> = { initialMs: true, maxMs: true, factor: true, jitter: true };

/** Exponential backoff with jitter. */
export class Backoff {
  #next: number;
  readonly #options: Required<{ [K in keyof BackoffOptions]: number }>;

  /** `name` is the option that has them, for errors. @throws TypeError or RangeError that names what is wrong */
  constructor(options: BackoffOptions = {}, name = 'reconnect') {
    if (typeof options !== 'object' || (options as unknown) === null) {
      throw new TypeError(`${name}: expected an object such as { initialMs: 50 }, got ${describeOption(options)}`);
    }
    refuseUnknownOptions(name, options, OPTIONS);
    this.#options = {
      initialMs: check(`${name}.initialMs`, options.initialMs ?? 50, 1),
      maxMs: check(`${name}.maxMs`, options.maxMs ?? 5000, 1),
      factor: check(`${name}.factor`, options.factor ?? 1.6, 1),
      jitter: check(`${name}.jitter`, options.jitter ?? 0.2, 0, 1),
    };
    this.#next = this.#options.initialMs;
  }

  /** The next wait, in ms; each is longer than the last. */
  next(): number {
    const { maxMs, factor, jitter } = this.#options;
    const wait = this.#next;
    this.#next = Math.min(maxMs, wait * factor);
    return wait * (1 + jitter * (2 * Math.random() - 1));
  }

  /** Begins again, after a success. */
  reset(): void {
    this.#next = this.#options.initialMs;
  }
}

function check(name: string, value: number, least: number, most = Infinity): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw new RangeError(`${name}: expected a number from ${least} to ${most}, got ${describeOption(value)}`);
}
