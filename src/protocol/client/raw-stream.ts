import { TtrpcError } from '../core/errors.js';
import { sendsRequestStream } from '../core/method-shape.js';
import { TtrpcStatus } from '../core/status.js';
import { requestError } from './call-errors.js';
import type { CallMethod, CallRuntime } from './call-runtime.js';
import type { RouteOptions } from './channel.js';
import type { ClientCall } from './client-call.js';
import { ResponseReader } from './response-reader.js';

/**
 * A stream of the raw client. As an AsyncIterable it has one reader, a second one throws FAILED_PRECONDITION; leaving its
 * loop early cancels the call.
 */
export interface RawStream extends AsyncIterable<Uint8Array> {
  /**
   * Sends one message; resolves when the next one may be sent. Rejects with the call's error once it has failed, with
   * INVALID_ARGUMENT for what is not bytes, and with FAILED_PRECONDITION behind `closeSend` or for a second request of a
   * server-streaming call. When the server has ended the call well, what is still sent is dropped.
   */
  send(message: Uint8Array): Promise<void>;
  /** Nothing more will be sent. A server-streaming call without its request fails with FAILED_PRECONDITION. */
  closeSend(): void;
  /** Gives the call up; its reader gets CANCELLED. */
  cancel(): void;
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined>;
}

/** A call whose requests its caller sends by hand. */
export class SentStream<Options extends RouteOptions> extends ResponseReader<Options> implements RawStream {
  #call!: ClientCall;
  readonly #sendsStream: boolean;
  /** Sending has ended. */
  #sendClosed = false;
  #error: { make: () => unknown } | undefined;
  #wake: (() => void) | undefined;

  /** Begins nothing yet. */
  constructor(
    runtime: CallRuntime<Options>,
    method: CallMethod,
    private readonly options: Options,
  ) {
    super(runtime, method);
    this.#sendsStream = sendsRequestStream(method.shape);
  }

  /** Begins the call, unless it still needs its one request. @throws what is wrong with the options */
  run(): this {
    const { runtime, method, options } = this;
    this.#call = this.open(runtime.start(method, undefined, options), options);
    if (this.#sendsStream) runtime.channel.openStream(this.#call, options);
    return this;
  }

  async send(message: Uint8Array): Promise<void> {
    this.#check();
    const call = this.#call;
    if (!this.#sendsStream) {
      if (this.#sendClosed) throw this.#precondition('takes one request message');
      this.#sendClosed = true;
      this.runtime.channel.request(call, this.method.request, message, this.options);
      this.#check();
      return;
    }
    if (this.#sendClosed) throw this.#precondition('its sending side is closed');
    try {
      call.send(this.method.request, message);
    } catch (error) {
      throw requestError(error);
    }
    if (!call.open) {
      // A caller that sends without end must not keep the event loop from delivering the end.
      await new Promise((resolve) => setImmediate(resolve));
    } else if (!call.writable) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        call.onWritable(() => this.#wakeUp());
      });
    }
    this.#check();
  }

  closeSend(): void {
    if (this.#sendsStream) this.#call.closeSend();
    else if (!this.#sendClosed) this.#call.fail(this.#precondition('takes one request message, and none was sent'));
    this.#sendClosed = true;
  }

  cancel(): void {
    this.abandon();
  }

  declare [Symbol.asyncIterator]: () => AsyncIterableIterator<Uint8Array, undefined>;

  protected override ended(): void {
    super.ended();
    this.#wakeUp();
  }

  protected override failed(error: () => unknown, overtakes: boolean): void {
    this.#error = { make: error };
    super.failed(error, overtakes);
    this.#wakeUp();
  }

  /** @throws the call's error */
  #check(): void {
    if (this.#error) throw this.#error.make();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #precondition(what: string): TtrpcError {
    return new TtrpcError(TtrpcStatus.FAILED_PRECONDITION, `${this.method.fullName}: ${what}`);
  }
}
