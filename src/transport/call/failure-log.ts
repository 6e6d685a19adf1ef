import { LogRate, standsFor } from '../../common/log-rate.js';
import { logStack, logText } from '../../common/log-text.js';
import { messageOf, nameOf } from '../../protocol/core/describe-error.js';

/**
 * Logs failures that no caller learns of: the first of a kind at once and with its stack, then at most one each 10 s with
 * how many it stands for. A kind is what failed with the name of the error.
 */
export class FailureLog {
  readonly #rate: LogRate;

  /** `write` takes a line and a stack; `now`, in ms, is for tests. */
  constructor(
    private readonly write: (line: string, stack: string | undefined) => void,
    now?: () => number,
  ) {
    this.#rate = new LogRate(now);
  }

  /** `what` says what failed (`GreeterController.sayHello failed`). Never throws, whatever was thrown. */
  note(what: string, error: unknown): void {
    const silent = this.#rate.admit(`${what}: ${nameOf(error)}`);
    if (silent === undefined) return;
    try {
      this.write(`${what}: ${logText(messageOf(error))}${standsFor(silent)}`, logStack(error));
    } catch {
      // A logger of the user's that throws: the call that failed still gets its status.
    }
  }
}
