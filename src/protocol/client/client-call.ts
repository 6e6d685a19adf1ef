import type { ClientConnection } from './client-connection.js';
import { messageOf, TtrpcError } from '../core/errors.js';
import { heldCodec, holdMessage, NO_MESSAGE, type HeldMessage } from '../wire/held-message.js';
import type { MessageCodec } from '../wire/message-codec.js';
import type { TtrpcMetadata } from '../core/metadata.js';
import { sendsRequestStream } from '../core/method-shape.js';
import type { MethodRef } from '../wire/method-ref.js';
import { ReadPause } from '../connection/read-pause.js';
import { SendQueue } from '../connection/send-queue.js';
import { TtrpcStatus } from '../core/status.js';
import { Timer } from '../core/timer.js';

/** Takes what comes back on a call: any number of messages (one for an answer), then one end or one error. */
export interface CallObserver {
  /**
   * One message, in `buf[start, end)` for the time of this method. The only one of a unary or client-streaming call
   * comes when the call is over. What it raises ends the call with an error.
   */
  onMessage(buf: Uint8Array, start: number, end: number): void;
  /** The call has ended well. */
  onEnd(): void;
  /** The call has failed. */
  onError(error: TtrpcError): void;
}

/** Where calls wait until they can begin. */
export interface CallQueue {
  /** `call` is over. */
  delete(call: ClientCall): unknown;
}

/** What belongs to one call, beside its messages. */
export interface CallStart {
  /** When the call must be over, in ms of `performance.now()`, which nobody sets; undefined for no limit. */
  deadline?: number | undefined;
  metadata?: TtrpcMetadata | undefined;
}

/**
 * One call as the client sees it. It begins without a connection, which may have to be made first, and ends once; what
 * comes for it after that is dropped.
 */
export class ClientCall {
  /** The stream id on its connection. */
  id = 0;
  /** Where it waits for a connection; it leaves by itself when it is over. */
  queue: CallQueue | undefined;
  /** True when it has waited at a connection that was lost before the call could begin on it. */
  movedOn = false;
  /** True when it has ended by {@link cancel}: by its caller's wish or its deadline here, not by the server's word. */
  cancelled = false;
  /** True once the server has ended it: it keeps nothing for it any more. */
  endedByServer = false;
  /** Why the last attempt to make a connection for it failed, while it waits for the next one. */
  connectError: TtrpcError | undefined;
  #connection: ClientConnection | undefined;
  #open = true;
  #requestClosed: boolean;
  #responseClosed = false;
  #request: HeldMessage | undefined;
  #output: SendQueue | undefined;
  #pause: ReadPause | undefined;
  #timer: Timer | undefined;

  /**
   * `maxBufferedBytes` is what the request stream may hold ahead of the server. A `patient` call outlives attempts to
   * connect that fail.
   */
  constructor(
    readonly method: MethodRef,
    readonly start: CallStart,
    private readonly observer: CallObserver,
    private readonly maxBufferedBytes: number,
    readonly patient = false,
  ) {
    this.#requestClosed = !sendsRequestStream(method.shape);
    if (start.deadline !== undefined) {
      this.#timer = new Timer(Math.max(0, start.deadline - performance.now()), () =>
        this.cancel(deadlineError(this.connectError)),
      );
    }
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

  /** Calls `callback` once, when a stream that was told to wait may send again; never after the end. */
  onWritable(callback: () => void): void {
    if (this.#open && !this.#requestClosed) this.#requestOutput().onWritable(callback);
  }

  /**
   * Keeps the one message of a unary or server-streaming call, encoded, until there is a connection.
   * Raises what the codec raises.
   */
  keepRequest<T>(codec: MessageCodec<T>, value: T): void {
    this.#request = holdMessage(codec, value);
  }

  /** Begins the call on `connection` with what was kept for it. Does nothing when it is over by now. */
  beginOn(connection: ClientConnection): void {
    if (!this.#open) return;
    try {
      if (sendsRequestStream(this.method.shape)) connection.openStream(this);
      else connection.request(this, heldCodec, this.#request ?? NO_MESSAGE);
      this.#request = undefined;
    } catch (error) {
      this.fail(requestError(error));
    }
  }

  /** Its connection has given it its id. */
  attach(connection: ClientConnection): void {
    this.queue = undefined;
    this.connectError = undefined;
    this.#connection = connection;
    this.#output?.attach(connection.connection, this.id);
  }

  /** Sends one message of a request stream. Raises what {@link SendQueue.send} raises; nothing happens after the end. */
  send<T>(codec: MessageCodec<T>, value: T): void {
    if (this.#open && !this.#requestClosed) this.#requestOutput().send(codec, value);
  }

  /** Closes the request stream, behind everything that it has sent. */
  closeSend(): void {
    if (!this.#open || this.#requestClosed) return;
    this.#requestOutput().finish(() => {
      this.#requestClosed = true;
      this.#connection?.writer.writeClose(this.id);
    });
  }

  /**
   * Ends the call here and now with `error`. The server does not learn of it, unless the connection is the call's own:
   * then that is closed with it (PROTOCOL.md: there is no cancel frame).
   */
  cancel(error: TtrpcError): void {
    this.cancelled = this.#open;
    this.fail(error);
  }

  /** Stops the reading of the connection because the reader is behind; see {@link ReadPause}. */
  pauseInput(): void {
    const connection = this.#connection;
    if (!this.#open || !connection) return;
    this.#pause ??= new ReadPause(
      connection.connection,
      () => connection.callCount === 1,
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

  /** The answer of a unary or client-streaming call; the call is over before it is delivered. */
  answer(buf: Uint8Array, start: number, end: number): void {
    this.endedByServer = true;
    this.#responseClosed = true;
    this.#finish();
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

  /** The call has failed, by the server's word, by its caller's or because the connection is gone. */
  fail(error: TtrpcError): void {
    if (!this.#open) return;
    this.#finish();
    this.observer.onError(error);
  }

  /**
   * The server has ended the call with an error status. One that comes when the call's time is up is what the deadline made
   * of the call there, whatever its code: Go's server answers a Data frame at the deadline with INVALID_ARGUMENT.
   */
  onStatus(error: TtrpcError): void {
    this.endedByServer = true;
    const { deadline } = this.start;
    if (deadline !== undefined && performance.now() >= deadline) this.cancel(deadlineError(undefined, error));
    else this.fail(error);
  }

  #requestOutput(): SendQueue {
    if (!this.#output) {
      this.#output = new SendQueue(this.maxBufferedBytes);
      if (this.#connection) this.#output.attach(this.#connection.connection, this.id);
    }
    return this.#output;
  }

  #finish(): void {
    this.#open = false;
    this.#timer?.clear();
    this.#pause?.resume();
    this.#output?.discard();
    this.queue?.delete(this);
    this.#request = undefined;
    this.#connection?.onCallEnded(this);
  }
}

/** The error of a call whose time is up: while it waited for a connection, with why the last attempt failed, if one did. */
export function deadlineError(connectError?: TtrpcError, cause: TtrpcError | undefined = connectError): TtrpcError {
  const why = connectError && ` while it waited for a connection; the last attempt failed: ${connectError.message}`;
  return new TtrpcError(TtrpcStatus.DEADLINE_EXCEEDED, `the deadline of the call has passed${why ?? ''}`, { cause });
}

/** The error of a call that its caller has given up. */
export function cancelledError(): TtrpcError {
  return new TtrpcError(TtrpcStatus.CANCELLED, 'the call was cancelled by its caller');
}

/** The error of a call whose message is not sent: a codec's complaint is about what the caller passed. */
export function requestError(error: unknown): TtrpcError {
  if (error instanceof TtrpcError) return error;
  return new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, messageOf(error), { cause: error });
}

function decodeError(error: unknown): TtrpcError {
  if (error instanceof TtrpcError) return error;
  return new TtrpcError(TtrpcStatus.INTERNAL, `the answer does not decode: ${messageOf(error)}`, { cause: error });
}
