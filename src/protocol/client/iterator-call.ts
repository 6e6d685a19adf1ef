import type { CallMethod, CallRuntime } from './call-runtime.js';
import type { RouteOptions } from './channel.js';
import { ResponseReader } from './response-reader.js';

/** A server-streaming or bidi call that the first `next()` begins. */
export class IteratorCall<Options extends RouteOptions> extends ResponseReader<Options> {
  #begun = false;

  constructor(
    runtime: CallRuntime<Options>,
    method: CallMethod,
    private request: unknown,
    private readonly options: Options | undefined,
  ) {
    super(runtime, method);
  }

  override next(): Promise<IteratorResult<unknown, undefined>> {
    if (!this.#begun) {
      this.#begun = true;
      const { request } = this;
      this.request = undefined;
      this.begin(request, this.options);
    }
    return super.next();
  }

  override return(): Promise<IteratorResult<unknown, undefined>> {
    this.#begun = true;
    return super.return();
  }
}
