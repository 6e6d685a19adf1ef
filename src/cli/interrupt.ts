import { giveUpStuckOutput } from './output.js';

/**
 * An AbortSignal that aborts at Ctrl-C or SIGTERM. A second Ctrl-C ends the process at once, and so does output that
 * nobody takes.
 */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    // The terminal has shown ^C: what comes next begins on a line of its own.
    if (signal === 'SIGINT' && process.stderr.isTTY) process.stderr.write('\n');
    if (this.#controller.signal.aborted) process.exit(130);
    giveUpStuckOutput();
    this.#controller.abort(new Error('interrupted'));
  };

  constructor() {
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
  }

  /** Aborts at the first of them. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Lets the signals end the process again. */
  release(): void {
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
  }
}
