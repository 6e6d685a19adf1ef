import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** The upper bounds of the histogram's rows in ns: 1, 2, 5, 10, … from 10 µs to 100 s. */
const BOUNDS: readonly number[] = [1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10]
  .flatMap((base) => [base, 2 * base, 5 * base])
  .concat(1e11);

/** The longest latency that is told apart from longer ones, in ns: an hour. */
const MAX_NS = 3.6e12;

/** A row of the histogram. */
export interface HistogramRow {
  /** In ms; Infinity in the last row. */
  readonly upToMs: number;
  readonly count: number;
}

/** One call, where all are kept. */
export interface MeasuredCall {
  /** When it was planned, in ms from the start. */
  readonly startMs: number;
  readonly latencyMs: number;
  readonly code: number;
}

/** Latencies and statuses of calls. */
export class Measurements {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: MAX_NS, figures: 3 });
  readonly #rows = new Array<number>(BOUNDS.length + 1).fill(0);
  readonly #codes = new Map<number, number>();
  readonly #errors = new Map<string, number>();
  readonly #calls: MeasuredCall[] | undefined;
  #failed = 0;
  #count = 0;
  #sumMs = 0;

  /** `keepsCalls`: each call is kept, not only their distribution. */
  constructor(keepsCalls: boolean) {
    this.#calls = keepsCalls ? [] : undefined;
  }

  /** Notes a call: its latency counts from its planned start. */
  add(startMs: number, latencyMs: number, code: number, message: string): void {
    const ns = Math.max(1, Math.min(MAX_NS, Math.round(latencyMs * 1e6)));
    this.#histogram.record(ns);
    let row = 0;
    while (row < BOUNDS.length && ns > (BOUNDS[row] as number)) row++;
    this.#rows[row] = (this.#rows[row] as number) + 1;
    this.#count++;
    this.#sumMs += latencyMs;
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1);
    if (code !== 0) {
      this.#failed++;
      if (this.#errors.has(message) || this.#errors.size < 20) {
        this.#errors.set(message, (this.#errors.get(message) ?? 0) + 1);
      }
    }
    this.#calls?.push({ startMs, latencyMs, code });
  }

  get count(): number {
    return this.#count;
  }

  get failed(): number {
    return this.#failed;
  }

  get minMs(): number {
    return this.#count === 0 ? 0 : this.#histogram.min / 1e6;
  }

  get maxMs(): number {
    return this.#count === 0 ? 0 : this.#histogram.max / 1e6;
  }

  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }

  /** The latency in ms that so many percent of the calls did not exceed. */
  percentileMs(percent: number): number {
    return this.#count === 0 ? 0 : this.#histogram.percentile(percent) / 1e6;
  }

  /** Calls by status code, the lowest first. */
  codes(): [code: number, count: number][] {
    return [...this.#codes].sort(([a], [b]) => a - b);
  }

  /** Calls by the message of their status, the most frequent first: of the first 20 messages. */
  errors(): [message: string, count: number][] {
    return [...this.#errors].sort(([, a], [, b]) => b - a);
  }

  /** The rows between the shortest and the longest latency. */
  rows(): HistogramRow[] {
    const first = this.#rows.findIndex((count) => count > 0);
    const last = this.#rows.findLastIndex((count) => count > 0);
    if (first < 0) return [];
    return this.#rows
      .slice(first, last + 1)
      .map((count, at) => ({ upToMs: (BOUNDS[first + at] ?? Infinity) / 1e6, count }));
  }

  /** Each call, in the order in which they ended; empty where they are not kept. */
  calls(): readonly MeasuredCall[] {
    return this.#calls ?? [];
  }
}
