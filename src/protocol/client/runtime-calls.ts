import type { CallMethod, CallRuntime } from './call-runtime.js';
import { sampleCalls } from './call-sample.js';
import type { RouteOptions } from './channel.js';
import { IteratorCall } from './iterator-call.js';
import { PromiseCall } from './promise-call.js';

/** The forms in which the functions of a client make calls. */
export interface AsyncCalls<Options extends RouteOptions> {
  /** A unary or client-streaming call, begun at once. */
  promise(method: CallMethod, request: unknown, options: Options | undefined): Promise<unknown>;
  /** A server-streaming or bidi call, begun by the first `next()`. */
  iterate(
    method: CallMethod,
    request: unknown,
    options: Options | undefined,
  ): AsyncIterableIterator<unknown, undefined>;
}

/** Calls with nothing between a client's functions and the engine. */
export class RuntimeCalls<Options extends RouteOptions> implements AsyncCalls<Options> {
  /** Kept for V8 from the first call on, see {@link sampleCalls}. */
  protected sample: readonly object[] | undefined;

  constructor(protected readonly runtime: CallRuntime<Options>) {}

  promise(method: CallMethod, request: unknown, options: Options | undefined): Promise<unknown> {
    this.sample ??= sampleCalls(this.runtime, method);
    return new Promise((resolve) => new PromiseCall(this.runtime, method, resolve).run(request, options));
  }

  iterate(
    method: CallMethod,
    request: unknown,
    options: Options | undefined,
  ): AsyncIterableIterator<unknown, undefined> {
    this.sample ??= sampleCalls(this.runtime, method);
    return new IteratorCall(this.runtime, method, request, options);
  }
}
