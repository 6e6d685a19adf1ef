import { TtrpcError } from '../core/errors.js';
import { holdMessage, NO_MESSAGE, type HeldMessage } from '../wire/held-message.js';
import type { TracedCall } from '../core/diagnostics.js';
import { bytesCodec, type MessageCodec } from '../wire/message-codec.js';
import type { TtrpcMetadata } from '../core/metadata.js';
import { sendsRequestStream } from '../core/method-shape.js';
import type { MethodRef } from '../wire/method-ref.js';
import type { Connection } from '../connection/connection.js';
import { ReadPause } from '../connection/read-pause.js';
import { SendQueue } from '../connection/send-queue.js';
import { TtrpcStatus } from '../core/status.js';
import { deadlineError, decodeError } from './call-errors.js';
import { CallLimits, type Limited, type Limits } from './call-limits.js';

/** Receives what comes back on a call: any number of messages (one for a single response), then one end or one error. */
export interface CallObserver {
  /**
   * One message, in `buf[start, end)` for the time of this method. The only one of a unary or client-streaming call
   * comes when the call is over. What it throws ends the call with an error.
   */
  onMessage(buf: Uint8Array, start: number, end: number): void;
  /** The call has ended well. */
  onEnd(): void;
  /** The call has failed. */
  onError(error: TtrpcError): void;
}

/** Where a call waits until it can start. */
export interface CallPlace {
  /** `call` has stopped waiting: it starts, or it is over. */
  leave(call: ClientCall): void;
}

/** All that a call knows of the connection that carries it. */
export interface ClientCallHost {
  readonly connection: Connection;
  /** Calls in flight, and those that wait to be. */
  readonly callCount: number;
  /** The call is over. */
  onCallEnded(call: ClientCall): void;
}

/** What belongs to one call, beside its messages. */
export interface CallStart extends Limits {
  readonly metadata?: TtrpcMetadata | undefined;
  /** The context of the handler on whose behalf the call is made. */
  readonly parent?: object | undefined;
}

/**
 * One call as the client sees it. It begins without a connection, which may have to be made first, and ends once; what
 * comes for it after that is dropped.
 */
export class ClientCall implements Limited {
  /** The stream id on its connection, which gives it; 0 before. */
  id = 0;
  /** Where it waits; written by PendingCalls only. */
  place: CallPlace | undefined;
  /** True when it has waited at a connection that was lost before the call could start on it. */
  movedOn = false;
  /** True when its deadline or one of its signals has ended it: its caller wants nothing more of what has come. */
  limitReached = false;
  /** True once the server has ended it: the server keeps nothing for it. */
  endedByServer = false;
  /** Publishes what happens to the call; undefined without a subscriber. The call's maker sets it and ends it. */
  trace: TracedCall | undefined;
  /** Why the last attempt to connect failed, while it waits for the next one. */
  connectError: TtrpcError | undefined;
  #host: ClientCallHost | undefined;
  #open = true;
  #requestClosed: boolean;
  #responseClosed = false;
  #request: HeldMessage | undefined;
  #output: SendQueue | undefined;
  #pause: ReadPause | undefined;
  readonly #limits: CallLimits | undefined;

  /**
   * `maxBufferedBytes` is what the request stream may hold ahead of the server. With `waitForReady` it outlives attempts
   * to connect that fail. Its deadline and signals are in force from here on.
   */
  constructor(
    readonly method: MethodRef,
    readonly start: CallStart,
    private readonly observer: CallObserver,
    private readonly maxBufferedBytes: number,
    readonly waitForReady = false,
  ) {
    this.#requestClosed = !sendsRequestStream(method.shape);
    this.#limits = CallLimits.of(this, start);
  }

  /** False once the call is over for its caller. */
  get open(): boolean {
    return this.#open;
  }

  /** True when both sides have closed the stream and neither by an error: its connection may carry another call. */
  get endedClean(): boolean {
    return this.#requestClosed && this.#responseClosed;
  }

  /** Bytes of the request that is kept for it. */
  get requestBytes(): number {
    return this.#request?.length ?? 0;
  }

  /** True while the server takes what the stream sends; else wait for {@link onWritable}. */
  get writable(): boolean {
    return this.#open && !this.#requestClosed && this.#requestOutput().writable;
  }

  /** Calls `callback` once, when a stream that had to wait may send again; never after the end. */
  onWritable(callback: () => void): void {
    if (this.#open && !this.#requestClosed) this.#requestOutput().onWritable(callback);
  }

  /**
   * Keeps the one message of a unary or server-streaming call, encoded, until there is a connection.
   * @throws what the codec throws
   */
  keepRequest<T>(codec: MessageCodec<T>, value: T): void {
    this.#request = holdMessage(codec, value);
  }

  /** The request that was kept; an empty one without. */
  get keptRequest(): HeldMessage {
    return this.#request ?? NO_MESSAGE;
  }

  /** `host` has written its first frame, with its id. */
  onStarted(host: ClientCallHost): void {
    this.connectError = undefined;
    this.#request = undefined;
    this.#host = host;
    this.#output?.attach(host.connection, this.id);
  }

  /** Sends one message of a request stream; nothing happens after the end. @throws as {@link SendQueue.send} */
  send<T>(codec: MessageCodec<T>, value: T): void {
    if (!this.#open || this.#requestClosed) return;
    if (this.trace) this.#sendTraced(this.trace, codec, value);
    else this.#requestOutput().send(codec, value);
  }

  /** Closes the request stream, behind everything that it has sent. */
  closeSend(): void {
    if (!this.#open || this.#requestClosed) return;
    this.#requestOutput().finish(() => {
      this.#requestClosed = true;
      this.#host?.connection.writer.writeClose(this.id);
    });
  }

  /** As {@link Limited.onLimit}. */
  onLimit(error: TtrpcError): void {
    this.limitReached = this.#open;
    this.fail(error);
  }

  /** Stops the reading of the connection because the reader is behind; see {@link ReadPause}. */
  pauseInput(): void {
    const host = this.#host;
    if (!this.#open || !host) return;
    this.#pause ??= new ReadPause(
      host.connection,
      () => host.callCount === 1,
      () => {
        const message = 'the stream is full: its reader does not take the messages that came';
        this.fail(new TtrpcError(TtrpcStatus.RESOURCE_EXHAUSTED, message));
      },
    );
    this.#pause.pause();
  }

  /** The reader has caught up. */
  resumeInput(): void {
    this.#pause?.resume();
  }

  /** The response of a unary or client-streaming call; the call is over before it is delivered. */
  respond(buf: Uint8Array, start: number, end: number): void {
    this.endedByServer = true;
    this.#responseClosed = true;
    this.#finish();
    this.trace?.received(end - start);
    try {
      this.observer.onMessage(buf, start, end);
    } catch (error) {
      this.observer.onError(decodeError(error));
      return;
    }
    this.observer.onEnd();
  }

  /** A message of the response stream. */
  receive(buf: Uint8Array, start: number, end: number): void {
    if (!this.#open) return;
    this.trace?.received(end - start);
    try {
      this.observer.onMessage(buf, start, end);
    } catch (error) {
      this.fail(decodeError(error));
    }
  }

  /** The response stream has ended well. */
  end(): void {
    if (!this.#open) return;
    this.endedByServer = true;
    this.#responseClosed = true;
    this.#finish();
    this.observer.onEnd();
  }

  /**
   * Ends the call here and now, whether the server says so, its caller, or a connection that is gone. The server does not
   * learn of it, unless the connection is the call's own: then that is closed with it (PROTOCOL.md: there is no cancel frame).
   */
  fail(error: TtrpcError): void {
    if (!this.#open) return;
    this.#finish();
    this.observer.onError(error);
  }

  /**
   * The server has ended the call with an error status. One that comes when the deadline has passed is what the deadline
   * made of the call there, whatever its code: Go's server responds to a Data frame at the deadline with INVALID_ARGUMENT.
   */
  onStatus(error: TtrpcError): void {
    this.endedByServer = true;
    const { deadline } = this.start;
    if (deadline !== undefined && performance.now() >= deadline) this.onLimit(deadlineError(undefined, error));
    else this.fail(error);
  }

  #sendTraced<T>(trace: TracedCall, codec: MessageCodec<T>, value: T): void {
    const bytes = codec.encode(value);
    this.#requestOutput().send(bytesCodec, bytes);
    trace.sent(bytes.length);
  }

  #requestOutput(): SendQueue {
    if (!this.#output) {
      this.#output = new SendQueue(this.maxBufferedBytes);
      if (this.#host) this.#output.attach(this.#host.connection, this.id);
    }
    return this.#output;
  }

  #finish(): void {
    this.#open = false;
    this.#limits?.clear();
    this.#pause?.resume();
    this.#output?.discard();
    this.place?.leave(this);
    this.#request = undefined;
    this.#host?.onCallEnded(this);
  }
}
