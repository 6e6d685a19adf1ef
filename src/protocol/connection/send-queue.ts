import type { Budget } from '../core/budget.js';
import { TtrpcError } from '../core/errors.js';
import type { FrameWriter } from '../wire/frame-writer.js';
import type { MessageCodec } from '../wire/message-codec.js';
import { TtrpcStatus } from '../core/status.js';
import { bytesCodec } from '../wire/message-codec.js';
import { copyBytes } from '../wire/wire.js';

/** What a held message takes beside its bytes: without it empty ones could be held without end. */
const OVERHEAD_BYTES = 64;

/** Who has something to send once the Duplex has taken what was written. */
export interface DrainWaiter {
  /** Sends as much as the peer takes. True when nothing is left to wait for. */
  onDrain(): boolean;
}

/** All that the outgoing side of a stream knows of its connection. */
export interface StreamSender {
  readonly writer: FrameWriter;
  /** Bytes that all streams of the connection may hold. */
  readonly budget: Budget;
  /** Calls `waiter.onDrain()` once the Duplex has taken what was written; those who wait take turns. */
  awaitDrain(waiter: DrainWaiter): void;
  /** Takes `waiter` back out of the turn. */
  forget(waiter: DrainWaiter): void;
}

/**
 * The messages that one side of a stream sends. While the peer takes them they go straight to the connection; else
 * they are held here, encoded, in order and up to a limit, so that a stream whose reader is slow fills its own queue and
 * nobody else's.
 */
export class SendQueue implements DrainWaiter {
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #atEnd: (() => void) | undefined;
  #waiters: (() => void)[] = [];

  #sender: StreamSender | undefined;
  #id = 0;

  /** Holds at most `limit` bytes. Until {@link attach} gives it a connection everything is held. */
  constructor(private readonly limit: number) {}

  /** Goes on as stream `id` of a connection, first with what is held. */
  attach(sender: StreamSender, id: number): void {
    this.#sender = sender;
    this.#id = id;
    sender.budget.force(this.#queuedBytes);
    if (!this.onDrain()) sender.awaitDrain(this);
  }

  /** False while the peer has not taken what was sent: producers that can wait do so until {@link onWritable} calls. */
  get writable(): boolean {
    const sender = this.#sender;
    if (!sender) return false;
    if (this.#queue.length > 0 || !sender.writer.writable) {
      sender.awaitDrain(this);
      return false;
    }
    return true;
  }

  /** Calls `callback` once, when a producer that had to wait may go on; never after the end. */
  onWritable(callback: () => void): void {
    this.#waiters.push(callback);
    this.#sender?.awaitDrain(this);
  }

  /** Bytes that are held here, with 64 for each message. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /**
   * Sends one message.
   * @throws what the codec throws, and RESOURCE_EXHAUSTED when the message is too large or when what the peer has not
   * taken exceeds a limit; the message is not sent then
   */
  send<T>(codec: MessageCodec<T>, value: T): void {
    const sender = this.#sender;
    if (sender && this.#queue.length === 0 && sender.writer.writable) {
      sender.writer.writeData(this.#id, codec, value, true);
      return;
    }
    const bytes = codec.encode(value);
    sender?.writer.checkLength(bytes.length);
    this.#take(bytes.length + OVERHEAD_BYTES);
    // The user may change what was passed before it is sent.
    this.#queue.push(codec === (bytesCodec as unknown) ? copyBytes(bytes, 0, bytes.length) : bytes);
    sender?.awaitDrain(this);
  }

  /** Calls `write`, which writes the last frame, behind everything that is held. */
  finish(write: () => void): void {
    if (this.#sender && this.#queue.length === 0) write();
    else this.#atEnd = write;
  }

  /** Drops what is held; nothing more is sent and no callback is called. */
  discard(): void {
    this.#sender?.budget.give(this.#queuedBytes);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#atEnd = undefined;
    this.#waiters = [];
    this.#sender?.forget(this);
  }

  /** Sends what is held as far as the peer takes it. True when nothing is left to wait for. */
  onDrain(): boolean {
    const sender = this.#sender;
    if (!sender) return false;
    const { writer } = sender;
    let sent = 0;
    let bytes = 0;
    while (sent < this.#queue.length && writer.writable) {
      const message = this.#queue[sent++] as Uint8Array;
      bytes += message.length + OVERHEAD_BYTES;
      writer.writeData(this.#id, bytesCodec, message);
    }
    if (sent > 0) {
      this.#queue.splice(0, sent);
      this.#queuedBytes -= bytes;
      sender.budget.give(bytes);
    }
    if (this.#queue.length > 0) return false;
    const atEnd = this.#atEnd;
    if (atEnd) {
      this.#atEnd = undefined;
      atEnd();
      return true;
    }
    if (!writer.writable) return false;
    for (const wake of this.#waiters.splice(0)) wake();
    return this.#waiters.length === 0 && this.#queue.length === 0;
  }

  #take(bytes: number): void {
    const refused = this.#queuedBytes + bytes > this.limit ? this.limit : this.#sender?.budget.take(bytes);
    if (refused !== undefined) {
      throw new TtrpcError(
        TtrpcStatus.RESOURCE_EXHAUSTED,
        `the peer has not taken ${this.#queuedBytes} bytes of this stream; ${bytes} more exceed the limit of ${refused} bytes`,
        { limit: 'maxBufferedBytes' },
      );
    }
    this.#queuedBytes += bytes;
  }
}
