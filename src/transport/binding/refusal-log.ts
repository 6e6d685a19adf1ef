import { LogRate, standsFor } from '../../common/log-rate.js';
import { logText } from '../../common/log-text.js';
import type { RefusalReason } from '../../protocol/server/refusals.js';

/** Logs refusals: the first of a kind at once, then at most one line every 10 s with the number that it stands for. */
export class RefusalLog {
  readonly #rate: LogRate;

  /** `write` takes a line; `now`, in ms, is for tests. */
  constructor(
    private readonly write: (line: string) => void,
    now?: () => number,
  ) {
    this.#rate = new LogRate(now);
  }

  /** Notes a refusal; `what` may contain text from the peer. */
  note(reason: RefusalReason, address: string, what: string): void {
    const silent = this.#rate.admit(reason);
    if (silent === undefined) return;
    this.write(`refused (${reason}) on ${address}: ${logText(what)}${standsFor(silent)}`);
  }
}
