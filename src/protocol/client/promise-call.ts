import { decodeMessage } from '../wire/message-codec.js';
import { BoundCall } from './bound-call.js';
import type { CallMethod, CallRuntime } from './call-runtime.js';
import type { RouteOptions } from './channel.js';
import { rejectionOf } from './rejection.js';

/** A unary or client-streaming call whose response settles a Promise. */
export class PromiseCall<Options extends RouteOptions> extends BoundCall<Options> {
  #response: unknown;

  constructor(
    runtime: CallRuntime<Options>,
    method: CallMethod,
    private readonly resolve: (response: unknown) => void,
  ) {
    super(runtime, method);
  }

  /** Begins the call. */
  run(request: unknown, options: Options | undefined): void {
    this.begin(request, options);
  }

  onMessage(buf: Uint8Array, start: number, end: number): void {
    this.#response = decodeMessage(this.method.response, buf, start, end);
  }

  protected ended(): void {
    this.resolve(this.#response);
  }

  protected failed(error: () => unknown): void {
    this.resolve(rejectionOf(error));
  }
}
