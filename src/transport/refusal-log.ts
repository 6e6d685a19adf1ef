import { logText } from '../common/log-text.js';
import type { RefusalReason } from '../protocol/refusals.js';

/** So often at most a kind of refusal is logged, in ms: a peer must not be able to fill a disk. */
const INTERVAL_MS = 10_000;

/** Logs refusals at a sane rate: the first of a kind at once, then at most one line each 10 s with what it stands for. */
export class RefusalLog {
  readonly #last = new Map<RefusalReason, { at: number; silent: number }>();

  /** `write` takes a line; `now` is a clock in ms that nobody sets. */
  constructor(
    private readonly write: (line: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Notes a refusal; `what` may hold text of a peer's. */
  note(reason: RefusalReason, address: string, what: string): void {
    const now = this.now();
    const last = this.#last.get(reason);
    if (last && now - last.at < INTERVAL_MS) {
      last.silent++;
      return;
    }
    const more = last && last.silent > 0 ? ` (and ${last.silent} more since the last such line)` : '';
    this.#last.set(reason, { at: now, silent: 0 });
    this.write(`refused (${reason}) on ${address}: ${logText(what)}${more}`);
  }
}
