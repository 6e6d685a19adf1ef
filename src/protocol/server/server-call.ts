import { TtrpcError } from '../core/errors.js';
import type { Flow } from '../connection/receive-queue.js';
import { decodeMessage, type MessageCodec } from '../wire/message-codec.js';
import type { MethodKey } from '../wire/method-ref.js';
import { sendsRequestStream, sendsResponseStream } from '../core/method-shape.js';
import type { TtrpcMetadata } from '../core/metadata.js';
import { ReadPause } from '../connection/read-pause.js';
import { SendQueue } from '../connection/send-queue.js';
import { TtrpcStatus, type StatusObject } from '../core/status.js';
import { Timer } from '../core/timer.js';
import type { ServerConnection } from './server-connection.js';

/**
 * So long after its deadline a call is ended, in ms. The client's timer decides: it has begun earlier than ours, and peers
 * (NRI) take a status that comes before it fires for the handler's own.
 */
export const DEADLINE_GRACE_MS = 10;

/** A method that a server serves: where a request goes once its names are known. */
export interface ServerMethod extends MethodKey {
  /**
   * Begins a call. The request's message stands in `buf[start, end)` for the time of this method; it is empty for
   * client-streaming and bidi calls, whose messages go to `call.input`, which this method sets.
   * What it raises ends the call: a TtrpcError with its status, anything else with UNKNOWN.
   */
  start(call: ServerCall, buf: Uint8Array, start: number, end: number): void;
}

/** Takes the messages that a client streams. */
export interface RequestInput {
  /** One message, in `buf[start, end)` for the time of this method. What it raises ends the call. */
  onMessage(buf: Uint8Array, start: number, end: number): void;
  /** The client sends nothing more. */
  onEnd(): void;
}

/** Hears of what happens to a call while its handler runs. */
export interface CallOwner {
  /**
   * Called once if the call ends before the handler ended it. The error's code says why: CANCELLED (the client is gone
   * or broke the protocol), DEADLINE_EXCEEDED or UNAVAILABLE (the server closes).
   */
  onAbort(error: TtrpcError): void;
  /** Called once when the server begins to close and wants its streams to know; the call goes on. */
  onClosing(error: TtrpcError): void;
}

/**
 * One call as the server sees it. It ends once: by an answer, by the end of its stream, by an error, or because the
 * client, its time or the server is gone; what comes after that does nothing.
 */
export class ServerCall implements Flow {
  /** Set by the method's `start` for client-streaming and bidi calls. */
  input: RequestInput | undefined;
  /** Who runs the handler; set by the method's `start`. */
  owner: CallOwner | undefined;
  /** True once the client has closed its side. */
  inputClosed: boolean;
  #state: 'open' | 'ending' | 'ended' = 'open';
  #output: SendQueue | undefined;
  #pause: ReadPause | undefined;
  #timer: Timer | undefined;
  /** Bytes that the connection's budget counts for it: its request, and what its handler has not taken. */
  #held = 0;
  /** Bytes that the server's account of decoded messages keeps for it. */
  #decoded = 0;
  /** When its time is up, by the clock that nobody sets. */
  #deadline: number | undefined;

  /** Open from now on. */
  constructor(
    readonly connection: ServerConnection,
    readonly id: number,
    readonly method: ServerMethod,
    readonly metadata: TtrpcMetadata | undefined,
  ) {
    this.inputClosed = !sendsRequestStream(method.shape);
  }

  /** True once nothing that the handler does reaches the client any more. */
  get ended(): boolean {
    return this.#state !== 'open';
  }

  /** True while the client takes what the stream sends; else wait for {@link onWritable}. */
  get writable(): boolean {
    return this.#state === 'open' && this.#sendQueue().writable;
  }

  /** Calls `callback` once, when a stream that was told to wait may send again; never after the end. */
  onWritable(callback: () => void): void {
    if (this.#state === 'open') this.#sendQueue().onWritable(callback);
  }

  /** When the client stops waiting, in ms since the epoch as the system's clock stands now. */
  get deadline(): number | undefined {
    return this.#deadline === undefined ? undefined : Date.now() + (this.#deadline - performance.now());
  }

  /**
   * Starts the call's deadline, `ms` from now. {@link DEADLINE_GRACE_MS} later it is answered DEADLINE_EXCEEDED, whatever its
   * handler does.
   */
  startDeadline(ms: number): void {
    this.#deadline = performance.now() + ms;
    this.#timer = new Timer(ms + DEADLINE_GRACE_MS, () => this.#expire());
  }

  /**
   * Decodes the call's one request, in `buf[start, end)`; what that makes is counted until the handler is done.
   * Raises what the codec raises, and RESOURCE_EXHAUSTED for more than the server's limits.
   */
  decodeRequest<T>(codec: MessageCodec<T>, buf: Uint8Array, start: number, end: number): T {
    const message = this.decode(codec, buf, start, end);
    const { decoding } = this.connection;
    this.#decoded += decoding.keep(decoding.message);
    return message;
  }

  /** As {@link decodeRequest}, for a message of a stream: counted while it is queued, with its {@link decodedBytes}. */
  decode<T>(codec: MessageCodec<T>, buf: Uint8Array, start: number, end: number): T {
    const { decoding } = this.connection;
    decoding.begin();
    return decodeMessage(codec, buf, start, end, decoding);
  }

  /** What the message takes that was decoded last, in bytes; 0 where its codec does not count. */
  get decodedBytes(): number {
    return this.connection.decoding.message;
  }

  /** Ends a unary or client-streaming call with its answer. Raises what the codec raises; the call is open then. */
  answer<T>(codec: MessageCodec<T>, value: T): void {
    if (this.#state !== 'open') return;
    if (this.#overdue()) return;
    const { connection } = this;
    try {
      connection.checkBacklog();
      connection.writer.writeAnswer(this.id, codec, value);
    } catch (error) {
      connection.onUnsent(error);
      throw error;
    }
    this.#ended();
  }

  /** Sends one message of a response stream. Raises what {@link SendQueue.send} raises; the call is open then. */
  send<T>(codec: MessageCodec<T>, value: T): void {
    if (this.#state !== 'open') return;
    try {
      this.#sendQueue().send(codec, value);
    } catch (error) {
      this.connection.onUnsent(error);
      throw error;
    }
  }

  /** Ends a response stream well, behind everything that it has sent. */
  end(): void {
    if (this.#state !== 'open') return;
    if (this.#overdue()) return;
    if (!this.#output) {
      this.connection.writer.writeClose(this.id);
      this.#ended();
      return;
    }
    this.#state = 'ending';
    this.#pause?.resume();
    this.#output.finish(() => {
      this.connection.writer.writeClose(this.id);
      this.#ended();
    });
  }

  /** Ends the call with an error, behind everything that its stream has sent. */
  fail(status: StatusObject): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#pause?.resume();
    const write = (): void => {
      this.connection.writeStatus(this.id, status);
      this.#ended();
    };
    // What the client has not taken would keep it from learning that the stream outran it.
    if (status.code === (TtrpcStatus.RESOURCE_EXHAUSTED as number)) this.#output?.discard();
    if (this.#output) this.#output.finish(write);
    else write();
  }

  /** Ends the call from outside, with `status` for the client (none when it is gone) and `reason` for the handler. */
  abort(reason: TtrpcError, status?: StatusObject): void {
    if (this.#state === 'ended') return;
    const wasOpen = this.#state === 'open';
    // Before the end, with which a connection that drains may close.
    if (status) this.connection.writer.writeStatus(this.id, status);
    const { owner } = this;
    const decoded = this.#decoded;
    this.#decoded = 0;
    this.#ended();
    this.owner = undefined;
    this.input = undefined;
    // A handler that goes on keeps its request.
    this.#decoded = decoded;
    if (wasOpen) owner?.onAbort(reason);
    this.#giveDecoded(this.#decoded);
  }

  /** What the client has sent is no request, or no message of its stream: it gets `status`, and the handler learns of it. */
  reject(status: StatusObject): void {
    this.abort(new TtrpcError(TtrpcStatus.CANCELLED, `the client sent what cannot be read: ${status.message}`), status);
  }

  /** A message of the client's stream. */
  receive(buf: Uint8Array, start: number, end: number): void {
    if (this.#state === 'open') this.input?.onMessage(buf, start, end);
  }

  /** The client has closed its side. */
  closeInput(): void {
    if (this.inputClosed) return;
    this.inputClosed = true;
    if (this.#state === 'open') this.input?.onEnd();
  }

  /** Stops the reading of the connection because the handler is behind; see {@link ReadPause}. */
  pauseInput(): void {
    if (this.#state !== 'open') return;
    this.#pause ??= new ReadPause(
      this.connection.connection,
      () => !this.connection.isShared,
      () => {
        const message = 'the stream is full: its handler does not take the messages that came';
        this.connection.onRefused('stalledStream', message);
        this.abort(new TtrpcError(TtrpcStatus.CANCELLED, message), { code: TtrpcStatus.RESOURCE_EXHAUSTED, message });
      },
    );
    this.#pause.pause();
  }

  /** The handler has caught up. */
  resumeInput(): void {
    this.#pause?.resume();
  }

  /** As {@link Flow.onQueued}. */
  onQueued(bytes: number): boolean {
    this.#held += bytes;
    this.#decoded += this.connection.decoding.keep(bytes);
    return this.connection.connection.budget.force(bytes);
  }

  /** As {@link Flow.onTaken}. */
  onTaken(bytes: number): void {
    const given = Math.min(bytes, this.#held);
    this.#held -= given;
    this.connection.connection.budget.give(given);
    this.#giveDecoded(bytes);
  }

  /** The budget counts so many bytes for the call, until it ends. */
  holds(bytes: number): void {
    this.#held += bytes;
  }

  /**
   * The handler goes on although the call is over: it takes a call's place until the function that this gives is called.
   * Else a client whose calls end at once, by a short deadline, could have any number of handlers at work.
   */
  outlives(): () => void {
    const onSettled = this.connection.onStraggler();
    const decoded = this.#decoded;
    if (decoded === 0) return onSettled;
    this.#decoded = 0;
    return () => {
      onSettled();
      this.connection.decoding.give(decoded);
    };
  }

  #sendQueue(): SendQueue {
    if (!sendsResponseStream(this.method.shape)) throw new Error(`${this.method.method} sends no stream`);
    if (!this.#output) {
      this.#output = new SendQueue(this.connection.limits.maxBufferedBytes);
      this.#output.attach(this.connection.connection, this.id);
    }
    return this.#output;
  }

  /** The timer may be late; an answer after the deadline, and its grace, is none. */
  #overdue(): boolean {
    if (this.#deadline === undefined || performance.now() <= this.#deadline + DEADLINE_GRACE_MS) return false;
    this.#expire();
    return true;
  }

  #giveDecoded(bytes: number): void {
    if (this.#decoded === 0) return;
    const given = Math.min(bytes, this.#decoded);
    this.#decoded -= given;
    this.connection.decoding.give(given);
  }

  #expire(): void {
    const message = 'the deadline of the call has passed';
    this.abort(new TtrpcError(TtrpcStatus.DEADLINE_EXCEEDED, message), {
      code: TtrpcStatus.DEADLINE_EXCEEDED,
      message,
    });
  }

  #ended(): void {
    this.#state = 'ended';
    // Not earlier: the deadline also bounds how long the last messages of a stream may wait for their client.
    this.#timer?.clear();
    this.#timer = undefined;
    this.#pause?.resume();
    this.#output?.discard();
    if (this.#held > 0) this.onTaken(this.#held);
    this.#giveDecoded(this.#decoded);
    this.connection.onCallEnded(this);
  }
}
