import { CallAbort } from '../../protocol/client/call-abort.js';
import {
  cancelledError,
  type CallObserver,
  type CallStart,
  type ClientCall,
} from '../../protocol/client/client-call.js';
import { TtrpcError } from '../../protocol/core/errors.js';
import type { Flow } from '../../protocol/connection/receive-queue.js';
import { sendsRequestStream } from '../../protocol/core/method-shape.js';
import { TtrpcStatus } from '../../protocol/core/status.js';
import type { TtrpcCallOptions } from '../api/call-options.js';
import { callOptions, type Caller } from './caller.js';
import { exceptionOf } from './caller-error.js';
import type { ClientMethod } from '../api/client-method.js';
import { checkOneMessage } from './one-message.js';
import { requestFeed, type FeedOwner, type RequestFeed } from './request-feed.js';

/**
 * One call of a proxy: ties the engine's call to the request stream and the signals of its caller, and lets go of them
 * when it is over. How the answers reach the caller is the business of its subclasses.
 */
export abstract class Invocation implements CallObserver, FeedOwner, Flow {
  #call: ClientCall | undefined;
  #abort: CallAbort | undefined;
  #feed: RequestFeed | undefined;
  #sourceError: { error: unknown } | undefined;

  /** Begins nothing yet. */
  constructor(
    private readonly caller: Caller,
    protected readonly method: ClientMethod,
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

  /** Begins the call. Nothing is raised here: what is wrong with the arguments goes to {@link failed}. */
  protected begin(request: unknown, options: TtrpcCallOptions | undefined, start?: CallStart): void {
    try {
      this.#begin(request, callOptions(options), start);
    } catch (error) {
      this.#release();
      this.failed(() => exceptionOf(error, this.method.fullName), false);
    }
  }

  /** Gives the call up, if it is not over. */
  protected cancel(): void {
    if (!this.#call?.open) return;
    this.#call.cancel(cancelledError());
  }

  /** As {@link CallObserver.onEnd}. */
  onEnd(): void {
    this.#release();
    this.ended();
  }

  /** As {@link CallObserver.onError}. */
  onError(error: TtrpcError): void {
    // A server's own DEADLINE_EXCEEDED stands behind what it has sent, as any other status does.
    const late = error.code === TtrpcStatus.DEADLINE_EXCEEDED && this.#call?.cancelled === true;
    const overtakes = late || this.#abort?.aborted === true;
    this.#release();
    const { fullName } = this.method;
    const source = this.#sourceError;
    this.failed(() => (source ? source.error : exceptionOf(error, fullName)), overtakes);
  }

  /** Why the last attempt to make a connection for the call failed, while it waits for the next one. */
  get connectError(): TtrpcError | undefined {
    return this.#call?.connectError;
  }

  /** As {@link FeedOwner.onSourceFailed}: the caller gets his own error as it is. */
  onSourceFailed(error: unknown): void {
    if (!this.#call?.open) return;
    this.#sourceError = { error };
    this.#call.cancel(new TtrpcError(TtrpcStatus.CANCELLED, 'the request stream failed', { cause: error }));
  }

  /** The reader of the answers is behind: neither they nor, where it can wait, the request stream go on. */
  pauseInput(): void {
    this.#feed?.pause();
    this.#call?.pauseInput();
  }

  /** The reader has caught up. */
  resumeInput(): void {
    this.#call?.resumeInput();
    this.#feed?.resume();
  }

  #begin(request: unknown, options: TtrpcCallOptions, given: CallStart | undefined): void {
    const { caller, method } = this;
    const start = given ?? caller.start(method, request, options);
    const { signal, parent } = options;
    if (signal !== undefined || parent !== undefined) {
      this.#abort = new CallAbort(signal, parent?.signal);
      this.#abort.check();
    }
    if (sendsRequestStream(method.shape)) {
      this.#feed = requestFeed(request, method);
      this.#attach(caller.channel.openStream(method.ref, start, options, this));
      if (this.#call?.open) this.#feed.start(this.#call, this);
    } else {
      checkOneMessage(request, method);
      this.#attach(caller.channel.request(method.ref, method.request, request, start, options, this));
    }
  }

  /** A call that has failed by now has told so. */
  #attach(call: ClientCall): void {
    this.#call = call;
    this.#abort?.watch(call);
  }

  #release(): void {
    this.#abort?.clear();
    this.#feed?.stop();
  }
}
