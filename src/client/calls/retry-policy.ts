import { Backoff } from '../../protocol/client/backoff.js';
import type { CallMethod } from '../../protocol/client/call-runtime.js';
import { describeOption } from '../../protocol/core/describe.js';
import { refuseUnknownOptions, type OptionNames } from '../../protocol/core/option-names.js';
import { TtrpcStatus } from '../../protocol/core/status.js';
import type { TtrpcRetryOptions } from '../api/retry-options.js';

const OPTIONS: OptionNames<TtrpcRetryOptions> = { attempts: true, codes: true, backoff: true, idempotent: true };

/** When the calls of a client, or one call, are made again; checked. */
export class RetryPolicy {
  readonly attempts: number;
  readonly #codes: ReadonlySet<number>;
  readonly #options: TtrpcRetryOptions;

  /** @throws TypeError or RangeError that names the option that is wrong */
  constructor(options: TtrpcRetryOptions) {
    const { attempts = 5, codes = [TtrpcStatus.UNAVAILABLE], idempotent } = options;
    refuseUnknownOptions('retry', options, OPTIONS);
    if (!(attempts === Infinity || (Number.isInteger(attempts) && attempts >= 1))) {
      throw new RangeError(`retry.attempts: expected a positive integer, got ${describeOption(attempts)}`);
    }
    if (!Array.isArray(codes) || codes.length === 0) {
      throw new TypeError(`retry.codes: expected an array of codes (TtrpcStatus), got ${describeOption(codes)}`);
    }
    for (const code of codes as unknown[]) {
      if (Number.isInteger(code) && (code as number) >= 1 && (code as number) <= 16) continue;
      throw new RangeError(`retry.codes: expected codes from 1 to 16 (TtrpcStatus), got ${describeOption(code)}`);
    }
    if (idempotent !== undefined && typeof idempotent !== 'boolean') {
      throw new TypeError(`retry.idempotent: expected true or false, got ${describeOption(idempotent)}`);
    }
    this.attempts = attempts;
    this.#codes = new Set(codes as readonly number[]);
    this.#options = options;
    // Checks its options.
    this.backoff();
  }

  /** The policy of the option `retry`; undefined for none. `base` has what the option leaves out. @throws as the constructor */
  static of(retry: unknown, base?: RetryPolicy): RetryPolicy | undefined {
    if (retry === undefined) return base;
    if (retry === false) return undefined;
    if (retry === true) return base ?? new RetryPolicy({});
    if (typeof retry !== 'object' || retry === null) {
      throw new TypeError(
        `retry: expected an object such as { attempts: 5 }, true or false, got ${describeOption(retry)}`,
      );
    }
    const own = Object.fromEntries(Object.entries(retry).filter(([, value]) => value !== undefined));
    return new RetryPolicy(base ? { ...base.#options, ...own } : own);
  }

  /** True for a failure with this code, unless something else forbids another attempt. */
  includes(code: number): boolean {
    return this.#codes.has(code);
  }

  /** True where a call of `method` that was sent may be made again. */
  isIdempotent(method: CallMethod): boolean {
    return this.#options.idempotent ?? method.idempotent === true;
  }

  /** The waits of one call. */
  backoff(): Backoff {
    return new Backoff(this.#options.backoff, 'retry.backoff');
  }
}
