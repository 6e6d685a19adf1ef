import { ReceiveQueue } from '../../protocol/connection/receive-queue.js';
import { decodeMessage } from '../../protocol/wire/message-codec.js';
import type { TtrpcCallOptions } from '../api/call-options.js';
import type { Caller } from './caller.js';
import type { ClientMethod } from '../api/client-method.js';
import { Invocation } from './invocation.js';
import { OneReader } from './one-reader.js';
import { rejectionOf } from './rejection.js';

/**
 * A server-streaming or bidi call as an AsyncIterable for one reader. The first `next()` begins it; leaving the loop
 * early cancels it. A reader who is slow slows the server, through the socket. A second loop raises FAILED_PRECONDITION.
 */
export class IteratorCall extends Invocation implements AsyncIterableIterator<unknown, undefined> {
  readonly #queue: ResponseQueue;
  readonly #reader = new OneReader(this, this.method.fullName);
  #begun = false;

  constructor(
    caller: Caller,
    method: ClientMethod,
    private request: unknown,
    private readonly options: TtrpcCallOptions | undefined,
  ) {
    super(caller, method);
    this.#queue = new ResponseQueue(this, () => this.cancel());
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (!this.#begun) {
      this.#begun = true;
      const { request } = this;
      this.request = undefined;
      this.begin(request, this.options);
    }
    return this.#queue.next();
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#begun = true;
    return this.#queue.return();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<unknown, undefined> {
    return this.#reader.take();
  }

  onMessage(buf: Uint8Array, start: number, end: number): void {
    this.#queue.push(decodeMessage(this.method.response, buf, start, end), end - start);
  }

  protected ended(): void {
    this.#queue.end();
  }

  protected failed(error: () => unknown, overtakes: boolean): void {
    if (overtakes) dropQueued(this.#queue);
    this.#queue.fail(error);
  }
}

/** Fails with what a function gives, called when the reader comes to it: see {@link rejectionOf}. */
class ResponseQueue extends ReceiveQueue<unknown> {
  protected override rejection(error: unknown): Promise<never> {
    return rejectionOf(error as () => unknown);
  }
}

/** Takes out what nobody has read. */
export function dropQueued(queue: ReceiveQueue<unknown>): void {
  while (queue.size > 0) queue.take();
}
