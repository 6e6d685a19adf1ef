import { internalText, TtrpcError } from '../core/errors.js';
import { ReceiveQueue } from '../connection/receive-queue.js';
import { bytesCodec } from '../wire/message-codec.js';
import { TtrpcMetadata } from '../core/metadata.js';
import { sendsRequestStream, sendsResponseStream } from '../core/method-shape.js';
import type { Peer } from './peer.js';
import { abandon, Pump } from '../connection/pump.js';
import type { RawContext, RawHandle } from './serve.js';
import type { CallOwner, RequestInput, ServerCall } from './server-call.js';
import { TtrpcStatus } from '../core/status.js';
import { EMPTY } from '../wire/wire.js';
import { isThenable } from '../core/thenable.js';

/** One call of a raw handler: its context, its request stream and the sending of its answers. */
export class RawCall implements RawContext, CallOwner, RequestInput {
  readonly #call: ServerCall;
  #queue: ReceiveQueue<Uint8Array> | undefined;
  #pump: Pump<Uint8Array> | undefined;
  #controller: AbortController | undefined;
  #aborted: TtrpcError | undefined;
  #running = false;
  /** Set when the call is over before its handler. */
  #onSettled: (() => void) | undefined;

  /** Takes the call over; see `ErrorExposure`. */
  constructor(
    call: ServerCall,
    private readonly exposeErrors: boolean | undefined,
  ) {
    this.#call = call;
    call.owner = this;
  }

  /** Runs the handler; its one request stands in `buf[start, end)` for the time of this method. */
  run(handle: RawHandle<unknown, unknown>, buf: Uint8Array, start: number, end: number): void {
    const { shape } = this.#call.method;
    let request: unknown;
    if (sendsRequestStream(shape)) {
      this.#call.input = this;
      request = this.#queue = new ReceiveQueue<Uint8Array>(this.#call, () => undefined);
    } else {
      request = bytesCodec.decodeFrom?.(buf, start, end);
    }
    try {
      const result = handle(request, this);
      this.#running = sendsResponseStream(shape) || isThenable(result);
      if (sendsResponseStream(shape))
        void this.#sendAll(result as AsyncIterable<Uint8Array> | PromiseLike<AsyncIterable<Uint8Array>>);
      else if (isThenable(result)) void this.#answerLater(result);
      else this.#call.answer(bytesCodec, result as Uint8Array);
    } catch (error) {
      this.#fail(error);
    }
  }

  get service(): string {
    return this.#call.method.service;
  }

  get method(): string {
    return this.#call.method.method;
  }

  get metadata(): TtrpcMetadata {
    return this.#call.metadata ?? new TtrpcMetadata();
  }

  get deadline(): Date | undefined {
    const { deadline } = this.#call;
    return deadline === undefined ? undefined : new Date(deadline);
  }

  get signal(): AbortSignal {
    // Made when somebody asks for it: most handlers never do.
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  get peer(): Peer {
    return this.#call.connection.peer;
  }

  /** As {@link CallOwner.onAbort}. */
  onAbort(error: TtrpcError): void {
    if (this.#running) this.#onSettled = this.#call.outlives();
    this.#queue?.abort(error);
    this.onClosing(error);
    this.#pump?.stop();
  }

  /** As {@link CallOwner.onClosing}. */
  onClosing(error: TtrpcError): void {
    this.#aborted = error;
    this.#controller?.abort(error);
  }

  /** As {@link RequestInput.onMessage}. */
  onMessage(buf: Uint8Array, start: number, end: number): void {
    this.#queue?.push(bytesCodec.decodeFrom?.(buf, start, end) ?? EMPTY, end - start);
  }

  /** As {@link RequestInput.onEnd}. */
  onEnd(): void {
    this.#queue?.end();
  }

  async #answerLater(result: PromiseLike<unknown>): Promise<void> {
    try {
      this.#call.answer(bytesCodec, (await result) as Uint8Array);
    } catch (error) {
      this.#fail(error);
    }
    this.#settle();
  }

  async #sendAll(result: AsyncIterable<Uint8Array> | PromiseLike<AsyncIterable<Uint8Array>>): Promise<void> {
    const call = this.#call;
    try {
      const messages = isThenable(result) ? await result : result;
      if (call.ended) {
        abandon(messages);
        this.#settle();
        return;
      }
      this.#pump = new Pump(messages, {
        get writable() {
          return call.writable;
        },
        onWritable: (callback) => call.onWritable(callback),
        send: (message) => call.send(bytesCodec, message),
      });
      if (await this.#pump.run()) call.end();
    } catch (error) {
      this.#fail(error);
    }
    this.#settle();
  }

  #settle(): void {
    this.#running = false;
    this.#onSettled?.();
    this.#onSettled = undefined;
  }

  #fail(error: unknown): void {
    if (error instanceof TtrpcError) {
      this.#call.fail(error);
    } else {
      const message = internalText(error, 'the handler failed', this.exposeErrors);
      this.#call.fail({ code: TtrpcStatus.UNKNOWN, message });
    }
  }
}
