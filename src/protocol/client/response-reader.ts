import { ReceiveQueue } from '../connection/receive-queue.js';
import { decodeMessage } from '../wire/message-codec.js';
import { BoundCall } from './bound-call.js';
import type { CallMethod, CallRuntime } from './call-runtime.js';
import type { RouteOptions } from './channel.js';
import { OneReader } from './one-reader.js';
import { rejectionOf } from './rejection.js';

/**
 * The responses of a call as an AsyncIterable for one reader; leaving the loop early cancels the call. A reader that is
 * slow slows the server, through the socket. A second loop throws FAILED_PRECONDITION.
 */
export abstract class ResponseReader<Options extends RouteOptions>
  extends BoundCall<Options>
  implements AsyncIterableIterator<unknown, undefined>
{
  readonly #responses = new ResponseQueue(this, () => this.abandon());
  readonly #reader: OneReader;

  constructor(runtime: CallRuntime<Options>, method: CallMethod) {
    super(runtime, method);
    this.#reader = new OneReader(this, method.fullName, (error) => runtime.errorOf(error, method));
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    return this.#responses.next();
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    return this.#responses.return();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<unknown, undefined> {
    return this.#reader.take();
  }

  onMessage(buf: Uint8Array, start: number, end: number): void {
    this.#responses.push(decodeMessage(this.method.response, buf, start, end), end - start);
  }

  protected ended(): void {
    this.#responses.end();
  }

  protected failed(error: () => unknown, overtakes: boolean): void {
    if (overtakes) this.#responses.abort(error);
    else this.#responses.fail(error);
  }
}

/** Fails with what a function gives, called when the reader comes to it: see {@link rejectionOf}. */
class ResponseQueue extends ReceiveQueue<unknown> {
  protected override rejection(error: unknown): Promise<never> {
    return rejectionOf(error as () => unknown);
  }
}
