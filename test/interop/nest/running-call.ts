import type { Progress } from '../peer.js';
import type { Changes } from './changes.js';

/** A call that a driver makes: how it is cancelled and paced, whatever its messages are. */
export abstract class RunningCall {
  readonly #aborted = new AbortController();
  #onEnd: (() => void) | undefined;
  /** The call has ended. */
  over = false;

  constructor(private readonly changes: Changes) {}

  /** Responses so far. */
  abstract get replies(): number;

  /** Messages so far; of calls that count them. */
  get progress(): Progress {
    throw new Error('this kind of call does not count its messages');
  }

  /** For the call's options. */
  get signal(): AbortSignal {
    return this.#aborted.signal;
  }

  cancel(): void {
    this.#aborted.abort();
  }

  /** A response has come. */
  protected changed(): void {
    this.changes.notify();
  }

  protected end(): void {
    this.over = true;
    this.#onEnd?.();
    this.changes.notify();
  }

  /**
   * The messages of a request stream. With `lockstep` each comes after the responses to those before it, of which
   * there are as many as it says. With `keepOpen` the stream ends with the call.
   */
  protected async *paced(
    messages: Iterable<{ message: object; responses: number }>,
    { lockstep, keepOpen }: { lockstep?: boolean; keepOpen?: boolean },
  ): AsyncGenerator<object> {
    let awaited = 0;
    for (const { message, responses } of messages) {
      yield message;
      if (!lockstep) continue;
      awaited += responses;
      await this.changes.until(
        () => (this.replies >= awaited || this.over ? true : undefined),
        () => `${this.replies} replies, expected ${awaited}`,
      );
    }
    // Not until(): how long the call lasts is the case's business.
    if (keepOpen && !this.over) await new Promise<void>((resolve) => (this.#onEnd = resolve));
  }
}
