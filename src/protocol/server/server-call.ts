import { TtrpcError } from '../core/errors.js';
import type { Flow } from '../connection/receive-queue.js';
import { bytesCodec, decodeMessage, type MessageCodec } from '../wire/message-codec.js';
import type { MethodKey } from '../wire/method-ref.js';
import type { DecodeAccount } from '../core/decode-budget.js';
import { sendsRequestStream, sendsResponseStream } from '../core/method-shape.js';
import type { TtrpcMetadata } from '../core/metadata.js';
import { ReadPause, type ReadSource } from '../connection/read-pause.js';
import { SendQueue, type StreamSender } from '../connection/send-queue.js';
import { TtrpcStatus, type StatusObject } from '../core/status.js';
import { Timer } from '../core/timer.js';
import type { TracedCall } from '../core/diagnostics.js';
import type { Peer } from './peer.js';
import type { RefusalReason } from './refusals.js';

/**
 * So long after its deadline a call is ended, in ms. The client's timer decides: it has begun earlier than ours, and peers
 * (NRI) take a status that comes before it fires for the handler's own.
 */
export const DEADLINE_GRACE_MS = 10;

/** Requests of calls in flight are counted from this many bytes on: small ones are limited by number. */
const COUNTED_REQUEST_BYTES = 4096;

/** A method that a server serves: where a request goes once its names are known. */
export interface ServerMethod extends MethodKey {
  /** True: the handler of a streaming call learns that the server begins to close, whatever `signalStreams` is. */
  readonly signalsClosing?: boolean | undefined;
  /** Opens a call, before its request is delivered: returns its handler. */
  open(call: ServerCall): CallHandler;
  /** The objects that a call consists of, `call` apart, which never begins; undefined where {@link open} has effects. See `sampleCall`. */
  sample?(call: ServerCall): readonly object[];
}

/** Runs one call: gets what its client sends, and learns when it is over. */
export interface CallHandler {
  /**
   * Begins the call. The request stands in `buf[start, end)` for the time of this method; the range is empty for
   * client-streaming and bidi calls.
   * @throws TtrpcError that ends the call with its status; anything else ends it with UNKNOWN.
   */
  onRequest(buf: Uint8Array, start: number, end: number): void;
  /** A message of the client's stream, in `buf[start, end)` for the time of this method. @throws as {@link onRequest}. */
  onMessage(buf: Uint8Array, start: number, end: number): void;
  /** The client sends nothing more. */
  onRequestEnd(): void;
  /**
   * Called once if the call ends before the handler ended it. The error's code says why: CANCELLED (the client is gone
   * or broke the protocol), DEADLINE_EXCEEDED or UNAVAILABLE (the server closes).
   */
  onAbort(error: TtrpcError): void;
  /** Called once when the server begins to close and its streams are to know; the call goes on. */
  onClosing(error: TtrpcError): void;
}

/** What a call needs of its connection and its server. */
export interface ServerCallHost {
  readonly peer: Peer;
  /** Where frames go, and what is not read while the handler is behind. */
  readonly connection: StreamSender & ReadSource;
  /** The server's account of what decoding makes. */
  readonly decoding: DecodeAccount;
  /** Bytes that the response stream of a call may hold. */
  readonly maxBufferedBytes: number;
  /** True once the peer has used the connection for two calls at a time. */
  readonly isShared: boolean;
  /** @throws TtrpcError RESOURCE_EXHAUSTED when the peer has left too many responses untaken for one more. */
  checkBacklog(): void;
  /** Ends a call with `status`; in short for a peer that leaves too much untaken. */
  writeStatus(streamId: number, status: StatusObject): void;
  /** A limit has ended the call, or kept a message from being sent. */
  onRefused(reason: RefusalReason, what: string): void;
  /** The handler goes on although its call is over, until the function that this returns is called. */
  onStraggler(): () => void;
  /** The call has ended. */
  onCallEnded(call: ServerCall): void;
}

/**
 * One call as the server sees it. It ends once: by a response, by the end of its stream, by an error, or because the
 * client, its time or the server is gone; what comes after that does nothing.
 */
export class ServerCall implements Flow {
  /** True once the client has closed its side. */
  inputClosed: boolean;
  /** Publishes what happens to the call; undefined while there is no subscriber. */
  trace: TracedCall | undefined;
  #handler: CallHandler | undefined;
  #state: 'open' | 'ending' | 'ended' = 'open';
  #output: SendQueue | undefined;
  #pause: ReadPause | undefined;
  #timer: Timer | undefined;
  /** Bytes that the connection's budget counts for it: its request, and what its handler has not taken. */
  #held = 0;
  /** Bytes that the server's account of decoded messages keeps for it. */
  #decoded = 0;
  /** When its deadline passes, by the monotonic clock. */
  #deadline: number | undefined;

  /** Holds nothing yet; see {@link begin}. */
  constructor(
    private readonly host: ServerCallHost,
    readonly id: number,
    readonly method: ServerMethod,
    readonly metadata: TtrpcMetadata | undefined,
  ) {
    this.inputClosed = !sendsRequestStream(method.shape);
  }

  /** True once nothing that the handler does can reach the client. */
  get ended(): boolean {
    return this.#state !== 'open';
  }

  /** True while the client takes what the stream sends; else wait for {@link onWritable}. */
  get writable(): boolean {
    return this.#state === 'open' && this.#sendQueue().writable;
  }

  /** Calls `callback` once, when a stream that had to wait may send again; never after the end. */
  onWritable(callback: () => void): void {
    if (this.#state === 'open') this.#sendQueue().onWritable(callback);
  }

  /** When the client stops waiting, in ms since the epoch as the system's clock stands now. */
  get deadline(): number | undefined {
    return this.#deadline === undefined ? undefined : Date.now() + (this.#deadline - performance.now());
  }

  /** Who calls. */
  get peer(): Peer {
    return this.host.peer;
  }

  /** Counts a request of `bytes` until the call ends; returns the limit that does not allow it. */
  bookRequest(bytes: number): number | undefined {
    if (bytes < COUNTED_REQUEST_BYTES) return undefined;
    const exceeded = this.host.connection.budget.take(bytes);
    if (exceeded === undefined) this.#held += bytes;
    return exceeded;
  }

  /**
   * Opens the call, which has `timeoutMs` from now (0: no deadline), and delivers its request, in `buf[start, end)`.
   * {@link DEADLINE_GRACE_MS} after its deadline it ends with DEADLINE_EXCEEDED, whatever its handler does.
   * @throws what the method's handler throws.
   */
  begin(timeoutMs: number, buf: Uint8Array, start: number, end: number): void {
    if (timeoutMs > 0) {
      this.#deadline = performance.now() + timeoutMs;
      this.#timer = new Timer(timeoutMs + DEADLINE_GRACE_MS, () => this.#expire());
    }
    if (this.trace) this.trace.run(() => this.#deliver(buf, start, end));
    else this.#deliver(buf, start, end);
  }

  #deliver(buf: Uint8Array, start: number, end: number): void {
    const handler = (this.#handler = this.method.open(this));
    if (this.inputClosed) {
      this.trace?.received(end - start);
      handler.onRequest(buf, start, end);
    } else {
      handler.onRequest(buf, end, end);
      if (end > start) this.receive(buf, start, end);
    }
  }

  /**
   * Decodes the call's one request, in `buf[start, end)`; what that makes is counted until the handler is done.
   * @throws what the codec throws, and RESOURCE_EXHAUSTED for more than the server's limits
   */
  decodeRequest<T>(codec: MessageCodec<T>, buf: Uint8Array, start: number, end: number): T {
    const message = this.decode(codec, buf, start, end);
    const { decoding } = this.host;
    this.#decoded += decoding.keep(decoding.message);
    return message;
  }

  /** As {@link decodeRequest}, for a message of a stream: counted while it is queued, with its {@link decodedBytes}. */
  decode<T>(codec: MessageCodec<T>, buf: Uint8Array, start: number, end: number): T {
    const { decoding } = this.host;
    decoding.begin();
    return decodeMessage(codec, buf, start, end, decoding);
  }

  /** What the message takes that was decoded last, in bytes; 0 where its codec does not count. */
  get decodedBytes(): number {
    return this.host.decoding.message;
  }

  /** Ends a unary or client-streaming call with its response. @throws what the codec throws; the call is open then. */
  respond<T>(codec: MessageCodec<T>, value: T): void {
    if (this.#state !== 'open') return;
    if (this.#overdue()) return;
    const { host } = this;
    try {
      host.checkBacklog();
      if (this.trace) this.#respondTraced(this.trace, codec, value);
      else host.connection.writer.writeResponse(this.id, codec, value);
    } catch (error) {
      this.#countUnsent(error);
      throw error;
    }
    this.#ended();
  }

  /** Sends one message of a response stream. @throws what {@link SendQueue.send} throws; the call is open then. */
  send<T>(codec: MessageCodec<T>, value: T): void {
    if (this.#state !== 'open') return;
    try {
      if (this.trace) this.#sendTraced(this.trace, codec, value);
      else this.#sendQueue().send(codec, value);
    } catch (error) {
      this.#countUnsent(error);
      throw error;
    }
  }

  /** Ends a response stream well, behind everything that it has sent. */
  end(): void {
    if (this.#state !== 'open') return;
    if (this.#overdue()) return;
    if (!this.#output) {
      this.host.connection.writer.writeClose(this.id);
      this.#ended();
      return;
    }
    this.#state = 'ending';
    this.#pause?.resume();
    this.#output.finish(() => {
      this.host.connection.writer.writeClose(this.id);
      this.#ended();
    });
  }

  /** Ends the call with an error, behind everything that its stream has sent. */
  fail(status: StatusObject): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#pause?.resume();
    const write = (): void => {
      this.host.writeStatus(this.id, status);
      this.#ended(status);
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
    if (status) this.host.connection.writer.writeStatus(this.id, status);
    const handler = this.#handler;
    this.#leave(status ?? reason);
    // A handler that goes on keeps its request; see `outlives`.
    if (wasOpen) handler?.onAbort(reason);
    this.#giveDecoded(this.#decoded);
  }

  /** The server begins to close; the call goes on. */
  notifyClosing(reason: TtrpcError): void {
    if (this.#state === 'open') this.#handler?.onClosing(reason);
  }

  /** The client has sent an invalid request or message: it gets `status`, and the handler learns of it. */
  reject(status: StatusObject): void {
    this.abort(new TtrpcError(TtrpcStatus.CANCELLED, `the client sent what cannot be read: ${status.message}`), status);
  }

  /** A message of the client's stream. */
  receive(buf: Uint8Array, start: number, end: number): void {
    if (this.#state !== 'open') return;
    this.trace?.received(end - start);
    this.#handler?.onMessage(buf, start, end);
  }

  /** The client has closed its side. */
  closeInput(): void {
    if (this.inputClosed) return;
    this.inputClosed = true;
    if (this.#state === 'open') this.#handler?.onRequestEnd();
  }

  /** Stops the reading of the connection because the handler is behind; see {@link ReadPause}. */
  pauseInput(): void {
    if (this.#state !== 'open') return;
    this.#pause ??= new ReadPause(
      this.host.connection,
      () => !this.host.isShared,
      () => {
        const message = 'the stream is full: its handler does not take the messages that came';
        this.host.onRefused('stalledStream', message);
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
    this.#decoded += this.host.decoding.keep(bytes);
    return this.host.connection.budget.force(bytes);
  }

  /** As {@link Flow.onTaken}. */
  onTaken(bytes: number): void {
    const given = Math.min(bytes, this.#held);
    this.#held -= given;
    this.host.connection.budget.give(given);
    this.#giveDecoded(bytes);
  }

  /**
   * The handler goes on although the call is over: it takes a call's place until the function that this gives is called.
   * Else a client whose calls end at once, by a short deadline, could have any number of handlers at work.
   */
  outlives(): () => void {
    const onSettled = this.host.onStraggler();
    const decoded = this.#decoded;
    if (decoded === 0) return onSettled;
    this.#decoded = 0;
    return () => {
      onSettled();
      this.host.decoding.give(decoded);
    };
  }

  #sendQueue(): SendQueue {
    if (!sendsResponseStream(this.method.shape)) throw new Error(`${this.method.method} sends no stream`);
    if (!this.#output) {
      this.#output = new SendQueue(this.host.maxBufferedBytes);
      this.#output.attach(this.host.connection, this.id);
    }
    return this.#output;
  }

  /** The timer may be late: a response that comes after the deadline and its grace is not sent. */
  #overdue(): boolean {
    if (this.#deadline === undefined || performance.now() <= this.#deadline + DEADLINE_GRACE_MS) return false;
    this.#expire();
    return true;
  }

  #giveDecoded(bytes: number): void {
    if (this.#decoded === 0) return;
    const given = Math.min(bytes, this.#decoded);
    this.#decoded -= given;
    this.host.decoding.give(given);
  }

  #expire(): void {
    const message = 'the deadline of the call has passed';
    this.abort(new TtrpcError(TtrpcStatus.DEADLINE_EXCEEDED, message), {
      code: TtrpcStatus.DEADLINE_EXCEEDED,
      message,
    });
  }

  /** A message or response was not sent; counted where a limit is why. */
  #countUnsent(error: unknown): void {
    if (error instanceof TtrpcError && error.limit) this.host.onRefused(error.limit as RefusalReason, error.message);
  }

  #respondTraced<T>(trace: TracedCall, codec: MessageCodec<T>, value: T): void {
    const bytes = codec.encode(value);
    this.host.connection.writer.writeResponse(this.id, bytesCodec, bytes);
    trace.sent(bytes.length);
  }

  #sendTraced<T>(trace: TracedCall, codec: MessageCodec<T>, value: T): void {
    const bytes = codec.encode(value);
    this.#sendQueue().send(bytesCodec, bytes);
    trace.sent(bytes.length);
  }

  #ended(error?: StatusObject): void {
    this.#giveDecoded(this.#decoded);
    this.#leave(error);
  }

  /** Gives back everything but what its request was decoded into. Without `error` the call has ended well. */
  #leave(error: StatusObject | undefined): void {
    this.#state = 'ended';
    this.#handler = undefined;
    // Not earlier: the deadline also bounds how long the last messages of a stream may wait for their client.
    this.#timer?.clear();
    this.#timer = undefined;
    this.#pause?.resume();
    this.#output?.discard();
    if (this.#held > 0) {
      this.host.connection.budget.give(this.#held);
      this.#held = 0;
    }
    this.host.onCallEnded(this);
    this.trace?.finish(error);
  }
}
