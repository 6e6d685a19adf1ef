import { TtrpcError } from '../core/errors.js';
import { TtrpcStatus } from '../core/status.js';
import { tracesClients, type TracedCall } from '../core/diagnostics.js';
import type { Flow } from '../connection/receive-queue.js';
import { cancelledError, requestError } from './call-errors.js';
import type { CallMethod, CallRuntime, FeedOwner, RequestFeed } from './call-runtime.js';
import type { RouteOptions } from './channel.js';
import type { CallObserver, CallStart, ClientCall } from './client-call.js';
import { traceCall } from './trace-call.js';

/** Stands for the options of a call that has none. */
const NO_OPTIONS: RouteOptions = Object.freeze({});

/**
 * One call for its caller: ties the engine's call to the request stream, and lets go of that when it is over. How the
 * responses reach the caller is the business of its subclasses.
 */
export abstract class BoundCall<Options extends RouteOptions> implements CallObserver, FeedOwner, Flow {
  #call: ClientCall | undefined;
  #feed: RequestFeed | undefined;
  /** Only while there is a subscriber to calls, or they are counted. */
  #trace: TracedCall | undefined;
  #sourceError: { error: unknown } | undefined;

  /** Begins nothing yet. */
  constructor(
    protected readonly runtime: CallRuntime<Options>,
    protected readonly method: CallMethod,
  ) {}

  /** As {@link CallObserver.onMessage}. */
  abstract onMessage(buf: Uint8Array, start: number, end: number): void;
  /** The call has ended well; once, and never together with {@link failed}. */
  protected abstract ended(): void;
  /**
   * The call has failed with what `error` makes, or it could not begin. `overtakes` says that the caller no longer wants
   * what has come before.
   */
  protected abstract failed(error: () => unknown, overtakes: boolean): void;

  /**
   * Begins the call; `given` takes the place of what the options say. Nothing is thrown: what is wrong with the arguments
   * goes to {@link failed}.
   */
  protected begin(request: unknown, options: Options | undefined, given?: CallStart): void {
    const { runtime, method } = this;
    const route = options ?? NO_OPTIONS;
    let start: CallStart;
    try {
      start = given ?? runtime.start(method, request, options);
    } catch (error) {
      this.failed(() => runtime.errorOf(error, method), false);
      return;
    }
    if (tracesClients() || runtime.channel.callStats) this.#beginTraced(request, start, route);
    else this.#begin(request, start, route);
  }

  #beginTraced(request: unknown, given: CallStart, route: RouteOptions): void {
    const [trace, start] = traceCall(this.runtime.channel, this.method, given);
    this.#trace = trace;
    trace.run(() => this.#begin(request, start(), route));
  }

  #begin(request: unknown, start: CallStart, route: RouteOptions): void {
    const { runtime, method } = this;
    let call: ClientCall;
    try {
      call = this.#newCall(start, route);
    } catch (error) {
      this.#trace?.finish(requestError(error));
      this.failed(() => runtime.errorOf(error, method), false);
      return;
    }
    try {
      this.#feed = runtime.feed(request, method);
    } catch (error) {
      call.fail(requestError(error));
      return;
    }
    if (!this.#feed) {
      runtime.channel.request(call, method.request, request, route);
      return;
    }
    runtime.channel.openStream(call, route);
    if (call.open) this.#feed.start(call, this);
  }

  /** Makes the engine's call, which still has to begin. @throws as {@link Channel.newCall} */
  protected open(start: CallStart, route: RouteOptions): ClientCall {
    if (!tracesClients() && !this.runtime.channel.callStats) return this.#newCall(start, route);
    const [trace, traced] = traceCall(this.runtime.channel, this.method, start);
    this.#trace = trace;
    let call: ClientCall | undefined;
    try {
      trace.run(() => (call = this.#newCall(traced(), route)));
    } catch (error) {
      trace.finish(requestError(error));
      throw error;
    }
    return call as unknown as ClientCall;
  }

  #newCall(start: CallStart, route: RouteOptions): ClientCall {
    const call = this.runtime.channel.newCall(this.method.ref, start, route, this);
    if (this.#trace) call.trace = this.#trace;
    return (this.#call = call);
  }

  /** Gives the call up, if it is not over. */
  protected abandon(): void {
    // Each subscription of an Observable ends with it: no error is made for a call that is over.
    if (this.#call?.open) this.#call.fail(cancelledError());
  }

  /** As {@link CallObserver.onEnd}. */
  onEnd(): void {
    this.#feed?.stop();
    this.#trace?.finish();
    this.ended();
  }

  /** As {@link CallObserver.onError}. */
  onError(error: TtrpcError): void {
    this.#feed?.stop();
    const { runtime, method } = this;
    this.#trace?.finish(error);
    const source = this.#sourceError;
    // A server's own DEADLINE_EXCEEDED comes behind what it has sent, as any other status does.
    this.failed(() => (source ? source.error : runtime.errorOf(error, method)), this.#call?.limitReached === true);
  }

  /** True once the call was given to a connection: the server may have it. */
  get sent(): boolean {
    return this.#call !== undefined && this.#call.id !== 0;
  }

  /**
   * True when the call was ended on this side by its caller: by wrong arguments, its request stream, its deadline or a
   * signal.
   */
  get endedByCaller(): boolean {
    return this.#call === undefined || this.#sourceError !== undefined || this.#call.limitReached;
  }

  /** Why the last attempt to connect failed, while the call waits for the next one. */
  get connectError(): TtrpcError | undefined {
    return this.#call?.connectError;
  }

  /** As {@link FeedOwner.onSourceFailed}: the caller gets its own error as it is. */
  onSourceFailed(error: unknown): void {
    if (!this.#call?.open) return;
    this.#sourceError = { error };
    this.#call.fail(new TtrpcError(TtrpcStatus.CANCELLED, 'the request stream failed', { cause: error }));
  }

  /** The reader of the responses is behind: neither they nor, where it can wait, the request stream go on. */
  pauseInput(): void {
    this.#feed?.pause();
    this.#call?.pauseInput();
  }

  /** The reader has caught up. */
  resumeInput(): void {
    this.#call?.resumeInput();
    this.#feed?.resume();
  }
}
