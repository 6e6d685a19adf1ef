/** So often at most a kind of line is logged, in ms: neither a peer nor a fault that repeats may fill a disk. */
const INTERVAL_MS = 10_000;

/** With more kinds than this the oldest is forgotten. */
const MAX_KINDS = 1000;

/** Decides which lines of a log are written: the first of a kind at once, then at most one each 10 s. */
export class LogRate {
  readonly #last = new Map<string, { at: number; silent: number }>();

  /** `now`, in ms, is for tests; by default the monotonic clock. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Undefined: the line is not to be written. Else how many of its kind were not written since the last one. */
  admit(kind: string): number | undefined {
    const now = this.now();
    const last = this.#last.get(kind);
    if (last && now - last.at < INTERVAL_MS) {
      last.silent++;
      return undefined;
    }
    if (!last && this.#last.size >= MAX_KINDS) this.#last.delete(this.#last.keys().next().value as string);
    this.#last.set(kind, { at: now, silent: 0 });
    return last?.silent ?? 0;
  }
}

/** What stands behind a line for `silent` others: nothing, or ` (and 5 more since the last such line)`. */
export function standsFor(silent: number): string {
  return silent > 0 ? ` (and ${silent} more since the last such line)` : '';
}
