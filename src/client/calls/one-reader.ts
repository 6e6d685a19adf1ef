import { TtrpcException } from '../../common/ttrpc-exception.js';
import { TtrpcStatus } from '../../protocol/core/status.js';

/** Answers as a proxy's function gives them: to be read by a loop, or by hand. */
type Answers = AsyncIterableIterator<unknown, undefined>;

/** Gives the answers of a call to one loop. Two would each get a part of them, without a sign of it. */
export class OneReader {
  #taken = false;

  constructor(
    private readonly answers: Answers,
    /** `demo.v1.Greeter/Countdown`, for the error's text. */
    private readonly fullName: string,
  ) {}

  /** The answers for a loop, of which the loop may be begun again; raises FAILED_PRECONDITION for a second one. */
  take(): Answers {
    if (this.#taken) {
      const message = `the answers of ${this.fullName} have a reader already: they can be read once`;
      throw new TtrpcException(TtrpcStatus.FAILED_PRECONDITION, message);
    }
    this.#taken = true;
    const { answers } = this;
    const reader: Answers = {
      next: () => answers.next(),
      return: () => answers.return?.() ?? Promise.resolve({ value: undefined, done: true }),
      [Symbol.asyncIterator]: () => reader,
    };
    return reader;
  }
}
