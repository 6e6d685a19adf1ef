import { TtrpcError } from '../core/errors.js';
import { TtrpcStatus } from '../core/status.js';

/** Responses as a call gives them: to be read by a loop, or by hand. */
type Responses = AsyncIterableIterator<unknown, undefined>;

/** Gives the responses of a call to one loop. Two would each get a part of them, without a sign of it. */
export class OneReader {
  #taken = false;

  /** `fullName` is `demo.v1.Greeter/Countdown`; `errorOf` makes what a second reader gets. */
  constructor(
    private readonly responses: Responses,
    private readonly fullName: string,
    private readonly errorOf: (error: TtrpcError) => unknown,
  ) {}

  /** The responses for a loop, which may be begun again. @throws FAILED_PRECONDITION for a second one */
  take(): Responses {
    if (this.#taken) {
      const message = `${this.fullName}: its messages have a reader already: they can be read once`;
      throw this.errorOf(new TtrpcError(TtrpcStatus.FAILED_PRECONDITION, message));
    }
    this.#taken = true;
    const { responses } = this;
    const reader: Responses = {
      next: () => responses.next(),
      return: () => responses.return?.() ?? Promise.resolve({ value: undefined, done: true }),
      [Symbol.asyncIterator]: () => reader,
    };
    return reader;
  }
}
