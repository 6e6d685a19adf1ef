import { decodeMessage } from '../../protocol/wire/message-codec.js';
import type { TtrpcCallOptions } from '../api/call-options.js';
import type { Caller } from './caller.js';
import type { ClientMethod } from '../api/client-method.js';
import { Invocation } from './invocation.js';
import { rejectionOf } from './rejection.js';

/** A unary or client-streaming call whose answer settles a Promise. */
export class PromiseCall extends Invocation {
  #answer: unknown;

  constructor(
    caller: Caller,
    method: ClientMethod,
    private readonly resolve: (answer: unknown) => void,
  ) {
    super(caller, method);
  }

  /** Begins the call. */
  run(request: unknown, options: TtrpcCallOptions | undefined): void {
    this.begin(request, options);
  }

  onMessage(buf: Uint8Array, start: number, end: number): void {
    this.#answer = decodeMessage(this.method.response, buf, start, end);
  }

  protected ended(): void {
    this.resolve(this.#answer);
  }

  protected failed(error: () => unknown): void {
    this.resolve(rejectionOf(error));
  }
}
