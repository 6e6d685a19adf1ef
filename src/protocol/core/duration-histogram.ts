/**
 * Upper bounds of the buckets, in ms: seven for each power of ten, from 10 µs to 75 s. They contain the boundaries that
 * OpenTelemetry gives for rpcs, and those of most dashboards.
 */
export const DURATION_BOUNDS_MS: readonly number[] = [0.01, 0.1, 1, 10, 100, 1000, 10_000].flatMap((decade) =>
  // Rounded, so that 0.1 * 3.5 is 0.35.
  [1, 1.5, 2, 2.5, 3.5, 5, 7.5].map((step) => Number((decade * step).toPrecision(3))),
);

/** How long calls took, at one moment. */
export interface DurationStats {
  /** Calls. */
  readonly count: number;
  /** Of all of them, in ms. */
  readonly sumMs: number;
  /** The shortest, in ms; 0 without a call. */
  readonly minMs: number;
  /** The longest, in ms; 0 without a call. */
  readonly maxMs: number;
  /** The median, in ms, within its bucket's bounds; see {@link percentile} for others. */
  readonly p50Ms: number;
  /** 90 % of the calls took no longer, in ms. */
  readonly p90Ms: number;
  /** 99 % of the calls took no longer, in ms. */
  readonly p99Ms: number;
  /** Calls by bucket: up to each of {@link DURATION_BOUNDS_MS} and above the one before; the last element counts the rest. */
  readonly buckets: readonly number[];
}

/** Counts durations in buckets: what it holds does not grow. */
export class DurationHistogram {
  readonly #buckets = new Array<number>(DURATION_BOUNDS_MS.length + 1).fill(0);
  #count = 0;
  #sumMs = 0;
  #minMs = Infinity;
  #maxMs = 0;

  /** Counts a call that took `ms`. */
  record(ms: number): void {
    const bucket = bucketOf(ms);
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1;
    this.#count++;
    this.#sumMs += ms;
    if (ms < this.#minMs) this.#minMs = ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** What was counted so far. */
  snapshot(): DurationStats {
    const counted = {
      count: this.#count,
      sumMs: this.#sumMs,
      minMs: this.#count === 0 ? 0 : this.#minMs,
      maxMs: this.#maxMs,
      buckets: [...this.#buckets],
    };
    const at = (share: number): number => percentile(counted, share);
    return { ...counted, p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99) };
  }
}

/**
 * The duration, in ms, that the given share of the calls did not exceed: `percentile(stats, 0.999)`. It is right to the
 * bucket, and within it as if its calls were spread evenly. 0 without a call.
 * @throws RangeError for a share outside 0 to 1
 */
export function percentile(
  { count, minMs, maxMs, buckets }: Pick<DurationStats, 'count' | 'minMs' | 'maxMs' | 'buckets'>,
  share: number,
): number {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`percentile: expected a share from 0 to 1, got ${share}`);
  const wanted = share * count;
  let before = 0;
  for (const [index, inside] of buckets.entries()) {
    if (inside > 0 && before + inside >= wanted) {
      const from = Math.max(minMs, DURATION_BOUNDS_MS[index - 1] ?? 0);
      const to = Math.min(maxMs, DURATION_BOUNDS_MS[index] ?? Infinity);
      return from + ((wanted - before) / inside) * (to - from);
    }
    before += inside;
  }
  return maxMs;
}

/** By halving: the first bucket whose bound is not below `ms`. */
function bucketOf(ms: number): number {
  let low = 0;
  let high = DURATION_BOUNDS_MS.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((DURATION_BOUNDS_MS[middle] as number) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
