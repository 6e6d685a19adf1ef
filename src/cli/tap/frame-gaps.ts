import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordedLine } from './recorded-line.js';

/** Keeps the gaps between the frames of a recording; how long a tap stood before its first client, or after it, is no gap. */
export class FrameGaps {
  readonly #first: number;
  readonly #last: number;
  /** When the first frame was sent. */
  #start: number | undefined;

  constructor(
    lines: readonly RecordedLine[],
    private readonly signal: AbortSignal,
  ) {
    let [first, last] = [Infinity, -Infinity];
    for (const { event, at } of lines) {
      if (event !== 'frame') continue;
      first = Math.min(first, at);
      last = Math.max(last, at);
    }
    this.#first = first;
    this.#last = last;
  }

  /** Resolves when it is time for a line, or the replay is interrupted. */
  async timeOf({ at }: RecordedLine): Promise<void> {
    const due = Math.min(at, this.#last) - this.#first;
    if (due < 0) return;
    this.#start ??= performance.now();
    for (;;) {
      const left = this.#start + due - performance.now();
      if (left <= 0 || this.signal.aborted) return;
      // A longer timer fires at once.
      await sleep(Math.min(left, 2 ** 31 - 1), undefined, { signal: this.signal }).catch(() => undefined);
    }
  }
}
