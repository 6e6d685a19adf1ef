import type { Duplex } from 'node:stream';
import { Socket } from 'node:net';
import { ARENA_BYTES, growArena, returnArena, takeArena } from './arena-pool.js';
import { REQUEST_PAYLOAD_TAG, writeRequestTail } from './request-envelope.js';
import { RESPONSE_PAYLOAD_TAG, writeStatus } from './response-envelope.js';
import { TtrpcError } from '../core/errors.js';
import { FrameFlag, FrameType, HEADER_BYTES, writeHeader } from './frame.js';
import { encodeMessage, LARGE_BYTES, type MessageCodec, type WriteArena } from './message-codec.js';
import type { TtrpcMetadata } from '../core/metadata.js';
import { TtrpcStatus, type StatusObject } from '../core/status.js';
import { EMPTY, varintSize, writeVarint } from './wire.js';

/** Collected frames of this size, in bytes, are written at once instead of at the end of the turn. */
const FLUSH_BYTES = ARENA_BYTES - 8 * 1024;

/** An arena filled beyond this is not reused while the peer has not taken its bytes. */
const MAX_CONTINUED_BYTES = ARENA_BYTES / 2;

/** Above this number of unsent bytes, producers that can wait are asked to. */
export const HIGH_WATER_BYTES = 64 * 1024;

/** Learns of bytes that the peer has not taken. */
export interface UnsentObserver {
  /** The Duplex buffers `bytes` that the peer has not taken; its 'drain' event will follow. */
  onUnsent(bytes: number): void;
  /**
   * A message of `bytes` is about to be written.
   * @throws {TtrpcError} RESOURCE_EXHAUSTED when there is no room to buffer it.
   */
  checkLarge(bytes: number): void;
}

/** The message of a status whose own message and details do not fit. */
const SHORT_STATUS = 'the status message and its details exceed the limit';

/** The longest length of a payload that fits a frame, as a varint in bytes. */
const MAX_LENGTH_BYTES = 4;

/**
 * The write side of a connection: encodes frames one after another into a shared arena and writes all frames of one
 * turn of the event loop at once, since the system call is the most expensive part of a small response. Nothing waits for a
 * timer.
 */
export class FrameWriter implements WriteArena {
  buf: Uint8Array = EMPTY;
  pos = 0;
  /** Bytes of `buf` before it are in `parts`, or written and perhaps not taken yet; bytes after it are the current segment. */
  #segmentStart = 0;
  /** What precedes the segment, once a large message has been taken by reference. */
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  /** Full arenas that the Duplex may still read. */
  #inFlight: Uint8Array[] = [];
  #lengthBytes = 1;
  #scheduled = false;
  #inFrame = false;
  // Where to roll back to when a frame fails. Fields, since there is only one frame at a time: no object for each.
  #markBuf: Uint8Array = EMPTY;
  #markPos = 0;
  #markSegmentStart = 0;
  #markParts = 0;
  #markPartsBytes = 0;
  readonly #duplex: Duplex;
  readonly #maxMessageBytes: number;
  readonly #reusesArena: boolean;
  readonly #flushSoon: () => void;

  /** Writes to `duplex`; refuses frames with more than `maxMessageBytes` of data. */
  constructor(
    duplex: Duplex,
    maxMessageBytes: number,
    private readonly observer?: UnsentObserver,
  ) {
    this.#duplex = duplex;
    this.#maxMessageBytes = maxMessageBytes;
    // A socket that has written everything no longer needs the bytes; any other Duplex may have kept them.
    this.#reusesArena = Object.getPrototypeOf(duplex) === Socket.prototype;
    this.#flushSoon = () => {
      this.#scheduled = false;
      this.flush();
    };
  }

  /** Encoded bytes that the peer has not taken. */
  get unsentBytes(): number {
    return this.#collectedBytes() + this.#duplex.writableLength;
  }

  /** False while producers that can wait should, until the next 'drain' of the Duplex, which will come. */
  get writable(): boolean {
    return !this.#duplex.writableNeedDrain || this.unsentBytes < HIGH_WATER_BYTES;
  }

  /** True while more than `bytes` wait for the peer; a 'drain' will follow. */
  backlogged(bytes: number): boolean {
    return this.#duplex.writableNeedDrain && this.unsentBytes > bytes;
  }

  /**
   * Writes a Request frame with the message `value`. With `timeoutNano` 0 it has no timeout.
   * @throws what the codec throws, or a TtrpcError RESOURCE_EXHAUSTED over the limit; nothing is sent then.
   */
  writeRequest<T>(
    streamId: number,
    flags: number,
    prefix: Uint8Array,
    codec: MessageCodec<T>,
    value: T,
    timeoutNano: number,
    metadata: TtrpcMetadata | undefined,
  ): void {
    this.#begin();
    try {
      this.#copy(prefix);
      this.#payload(REQUEST_PAYLOAD_TAG, codec, value);
      writeRequestTail(this, timeoutNano, metadata);
      this.#end(streamId, FrameType.Request, flags);
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Writes a Request frame that opens a client-streaming or bidi call: remote-open and no payload (PROTOCOL.md, "Call shapes"). */
  writeStreamRequest(
    streamId: number,
    prefix: Uint8Array,
    timeoutNano: number,
    metadata: TtrpcMetadata | undefined,
  ): void {
    this.#begin();
    try {
      this.#copy(prefix);
      writeRequestTail(this, timeoutNano, metadata);
      this.#end(streamId, FrameType.Request, FrameFlag.RemoteOpen | FrameFlag.NoData);
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /**
   * Writes a Response frame with the message `value`. As in Go, the status OK is left out.
   * @throws as {@link writeRequest}.
   */
  writeResponse<T>(streamId: number, codec: MessageCodec<T>, value: T): void {
    this.#begin();
    try {
      this.#payload(RESPONSE_PAYLOAD_TAG, codec, value);
      this.#checkLarge();
      this.#end(streamId, FrameType.Response, 0);
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Writes a Response frame with an error, never with a payload: Go would decode that before it looks at the status. */
  writeStatus(streamId: number, status: StatusObject): void {
    this.#begin();
    try {
      writeStatus(this, status);
      this.#end(streamId, FrameType.Response, 0);
    } catch {
      // Too long with its own message and details.
      this.#rollBack();
      this.#begin();
      const message = SHORT_STATUS.length + 8 <= this.#maxMessageBytes ? SHORT_STATUS : '';
      writeStatus(this, { code: status.code, message });
      // At least four bytes. They are sent even under a lower limit, since a call needs its end.
      this.#end(streamId, FrameType.Response, 0, Infinity);
    }
  }

  /**
   * Writes a Data frame with the message `value`; `isNew` when its bytes are not counted yet.
   * @throws as {@link writeRequest}.
   */
  writeData<T>(streamId: number, codec: MessageCodec<T>, value: T, isNew = false): void {
    this.#begin();
    try {
      encodeMessage(codec, value, this);
      if (isNew) this.#checkLarge();
      this.#end(streamId, FrameType.Data, 0);
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Writes a Data frame that closes our side of a stream, without a payload: neither Go nor Rust accepts one there. */
  writeClose(streamId: number): void {
    this.#begin();
    this.#end(streamId, FrameType.Data, FrameFlag.RemoteClosed | FrameFlag.NoData);
  }

  /** @throws {TtrpcError} RESOURCE_EXHAUSTED with both sizes when `length` bytes of data are above the limit. */
  checkLength(length: number): void {
    if (length > this.#maxMessageBytes) throw tooLong(length, this.#maxMessageBytes);
  }

  /** Writes everything collected to the Duplex now. */
  flush(): void {
    if (this.#collectedBytes() === 0) return;
    const duplex = this.#duplex;
    if (duplex.destroyed || !duplex.writable) {
      this.discard();
      return;
    }
    const parts = this.#parts;
    const tail = this.buf.subarray(this.#segmentStart, this.pos);
    this.#leaveSegment();
    if (parts.length === 0) {
      duplex.write(tail, this.#onTaken);
    } else {
      this.#parts = [];
      this.#partsBytes = 0;
      if (tail.length > 0) parts.push(tail);
      const last = parts.pop() as Uint8Array;
      duplex.cork();
      for (const part of parts) duplex.write(part);
      duplex.write(last, this.#onTaken);
      duplex.uncork();
    }
    if (duplex.writableLength > 0) this.#tellUnsent();
    else this.#onTaken();
  }

  /** Drops everything collected. */
  discard(): void {
    this.buf = EMPTY;
    this.pos = 0;
    this.#segmentStart = 0;
    this.#parts = [];
    this.#partsBytes = 0;
    this.#inFlight = [];
  }

  /** As {@link WriteArena.reserve}. */
  reserve(bytes: number): void {
    if (this.pos + bytes <= this.buf.length) return;
    if (this.buf.length === 0 && bytes <= ARENA_BYTES) {
      this.buf = takeArena();
      return;
    }
    this.buf = growArena(this.buf, this.pos, Math.max(2 * this.buf.length, this.pos + bytes));
  }

  /** As {@link WriteArena.append}. */
  append(bytes: Uint8Array): void {
    if (bytes.length < LARGE_BYTES) {
      this.#copy(bytes);
      return;
    }
    this.#pushPart(this.buf.subarray(this.#segmentStart, this.pos));
    this.#pushPart(bytes);
    this.#segmentStart = this.pos;
  }

  /** The segment now belongs to the Duplex: what follows goes after it, or into another arena. */
  #leaveSegment(): void {
    this.#segmentStart = this.pos;
    if (this.#reusesArena && this.pos <= MAX_CONTINUED_BYTES) return;
    if (this.#reusesArena) this.#inFlight.push(this.buf);
    this.buf = EMPTY;
    this.pos = 0;
    this.#segmentStart = 0;
  }

  /** Returns arenas that are no longer read to the pool. An idle connection holds none. */
  readonly #onTaken = (): void => {
    if (this.#duplex.writableLength > 0) return;
    while (this.#inFlight.length > 0) returnArena(this.#inFlight.pop() as Uint8Array);
    if (this.#collectedBytes() > 0 || this.buf === EMPTY) return;
    if (this.#reusesArena) returnArena(this.buf);
    this.buf = EMPTY;
    this.pos = 0;
    this.#segmentStart = 0;
  };

  #tellUnsent(): void {
    if (this.#duplex.writableNeedDrain) this.observer?.onUnsent(this.#duplex.writableLength);
  }

  // Not a private getter: V8 calls into its runtime for each use.
  #collectedBytes(): number {
    return this.#partsBytes + this.pos - this.#segmentStart;
  }

  #pushPart(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#partsBytes += bytes.length;
  }

  #copy(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buf.set(bytes, this.pos);
    this.pos += bytes.length;
  }

  #begin(): void {
    if (this.#inFrame) {
      throw new TtrpcError(
        TtrpcStatus.INTERNAL,
        'a message was sent on this connection while another one was being encoded',
      );
    }
    this.reserve(HEADER_BYTES + 1 + MAX_LENGTH_BYTES);
    this.#markBuf = this.buf;
    this.#markPos = this.pos;
    this.#markSegmentStart = this.#segmentStart;
    this.#markParts = this.#parts.length;
    this.#markPartsBytes = this.#partsBytes;
    this.#inFrame = true;
    this.pos += HEADER_BYTES;
  }

  #rollBack(): void {
    this.buf = this.#markBuf;
    this.pos = this.#markPos;
    this.#segmentStart = this.#markSegmentStart;
    this.#parts.length = this.#markParts;
    this.#partsBytes = this.#markPartsBytes;
    this.#leaveFrame();
  }

  #leaveFrame(): void {
    this.#inFrame = false;
    this.#markBuf = EMPTY;
  }

  /** Appends a payload field. Its length precedes it but is known only afterwards, so the room for it is guessed. */
  #payload<T>(tag: number, codec: MessageCodec<T>, value: T): void {
    const guess = this.#lengthBytes;
    this.reserve(1 + MAX_LENGTH_BYTES);
    const tagAt = this.pos;
    const parts = this.#parts.length;
    const segmentStart = this.#segmentStart;
    const before = this.#collectedBytes();
    this.buf[tagAt] = tag;
    this.pos += 1 + guess;
    encodeMessage(codec, value, this);
    const length = this.#collectedBytes() - before - 1 - guess;
    if (length === 0) {
      this.pos = tagAt;
      return;
    }
    const lengthBytes = varintSize(length);
    if (lengthBytes !== guess) this.#lengthBytes = lengthBytes;
    if (this.#parts.length > parts) {
      // The start of the payload is in a part already, a view of the arena.
      const part = this.#parts[parts] as Uint8Array;
      if (lengthBytes === guess) writeVarint(part, tagAt - segmentStart + 1, length);
      else this.#lengthIntoPart(parts, tagAt - segmentStart, guess, length);
      return;
    }
    if (lengthBytes !== guess) {
      this.reserve(MAX_LENGTH_BYTES);
      this.buf.copyWithin(tagAt + 1 + lengthBytes, tagAt + 1 + guess, this.pos);
      this.pos += lengthBytes - guess;
    }
    writeVarint(this.buf, tagAt + 1, length);
  }

  /** Makes the part with the start of the payload anew, with a length that needs more or fewer bytes than were kept for it. */
  #lengthIntoPart(part: number, tagOffset: number, guess: number, length: number): void {
    const old = this.#parts[part] as Uint8Array;
    const rest = old.subarray(tagOffset + 1 + guess);
    const mended = Buffer.allocUnsafe(tagOffset + 1 + varintSize(length) + rest.length);
    mended.set(old.subarray(0, tagOffset + 1));
    mended.set(rest, writeVarint(mended, tagOffset + 1, length));
    this.#parts[part] = mended;
    this.#partsBytes += mended.length - old.length;
  }

  /** @throws {TtrpcError} RESOURCE_EXHAUSTED when the current frame is large and there is no room to buffer it. */
  #checkLarge(): void {
    const length = this.#collectedBytes() - (this.#markPartsBytes + this.#markPos - this.#markSegmentStart);
    if (length > HIGH_WATER_BYTES) this.observer?.checkLarge(length);
  }

  #end(streamId: number, type: number, flags: number, limit = this.#maxMessageBytes): void {
    const length =
      this.#collectedBytes() - (this.#markPartsBytes + this.#markPos - this.#markSegmentStart) - HEADER_BYTES;
    if (length > limit) throw tooLong(length, limit);
    // A large message has closed the segment with the header, which is in a part then.
    const part = this.#parts[this.#markParts];
    if (part) writeHeader(part, this.#markPos - this.#markSegmentStart, length, streamId, type, flags);
    else writeHeader(this.buf, this.#markPos, length, streamId, type, flags);
    this.#leaveFrame();
    if (this.pos >= FLUSH_BYTES || this.#collectedBytes() >= FLUSH_BYTES) {
      this.flush();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(this.#flushSoon);
    }
  }
}

/** The error for a message above the limit, with both sizes (bytes). */
export function tooLong(length: number, limit: number): TtrpcError {
  return new TtrpcError(
    TtrpcStatus.RESOURCE_EXHAUSTED,
    `message length ${length} exceeds the maximum of ${limit} bytes`,
    { limit: 'maxMessageBytes' },
  );
}
