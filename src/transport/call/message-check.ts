import type { ReceiveQueue } from '../../protocol/connection/receive-queue.js';

/** Checks one message of a request stream, and may change it. Rejects with why it is refused. */
export type MessageCheck<T = unknown> = (message: T) => Promise<T>;

/** Reads a request stream whose messages are checked, one after the other, by demand. The first refused one ends it. */
export class CheckedIterator<T> implements AsyncIterator<T, undefined> {
  /** The `next()` before: messages are checked in their order, however many are asked for. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly queue: ReceiveQueue<T>,
    private readonly check: MessageCheck<T>,
  ) {}

  next(): Promise<IteratorResult<T, undefined>> {
    const next = this.#last.then(() => this.#next());
    this.#last = next.catch(() => undefined);
    return next;
  }

  return(): Promise<IteratorResult<T, undefined>> {
    return this.queue.return();
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    const result = await this.queue.next();
    if (result.done) return result;
    try {
      return { value: await this.check(result.value), done: false };
    } catch (error) {
      void this.queue.return();
      throw error;
    }
  }
}
