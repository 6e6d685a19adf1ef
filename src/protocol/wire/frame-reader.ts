import type { Budget } from '../core/budget.js';
import { HEADER_BYTES } from './frame.js';

/** Receives what a {@link FrameReader} finds, in the order in which it stands on the wire. */
export interface FrameSink {
  /**
   * One whole frame; its data stands in `buf[start, end)`.
   * `buf` is the read chunk or a buffer of the frame's own: keep no view of it beyond this call unless through `retain`.
   */
  onFrame(streamId: number, type: number, flags: number, buf: Uint8Array, start: number, end: number): void;
  /** The header of a frame above the limit; its `length` bytes of data are read and dropped. */
  onOversizedFrame(streamId: number, type: number, flags: number, length: number): void;
  /**
   * A frame of which too much would have to be held until it is whole; what came is dropped, and the rest as it comes.
   * `limit` is that of the reader's budget, in bytes. Needed where there is one.
   */
  onUnaffordableFrame?(streamId: number, type: number, flags: number, limit: number): void;
}

/** So much of an unfinished frame is not counted: what hardly exceeds the chunk in which a small frame lies. */
const FREE_BYTES = 64 * 1024;

/** The buffer of an unfinished frame is so many times as large as what has come of it, and twice that where it is the last. */
const GROWTH = 4;

/** But at least so large, in bytes, unless the frame is smaller. */
const MIN_BODY_BYTES = 4096;

/**
 * Cuts a byte stream into frames: chunks in, frames out, without a socket.
 * A frame that lies in one chunk is handed on in place. One that is spread over several is copied into a buffer that grows
 * with what comes, up to the frame's size: a header alone holds no memory, and a sender of single bytes costs no more than
 * one frame. Between frames nothing is held.
 */
export class FrameReader {
  #header: Uint8Array | undefined;
  #headerFill = 0;
  #body: Uint8Array | undefined;
  #bodyFill = 0;
  /** Bytes of the frame's data; 0 when none is unfinished. */
  #bodyLength = 0;
  /** What the budget counts of it. */
  #bodyCounted = 0;
  #toSkip = 0;
  #stopped = false;
  #framesRead = 0;
  #streamId = 0;
  #type = 0;
  #flags = 0;

  /** Frames with more than `maxMessageBytes` of data are reported as oversized. */
  constructor(sink: FrameSink, maxMessageBytes: number);
  /**
   * Frames with more than `maxMessageBytes` of data are reported as oversized. `budget` counts what is held of a frame that
   * is not whole. `onFirstBytes` is shown the first bytes of the stream, up to the size of a header, before they are read as
   * a frame, and again with more of them until the header is whole: it may stop the reader, as they may be no frame at all.
   */
  /** @internal */
  constructor(sink: FrameSink, maxMessageBytes: number, budget?: Budget, onFirstBytes?: (first: Uint8Array) => void);
  constructor(
    private readonly sink: FrameSink,
    private readonly maxMessageBytes: number,
    private readonly budget?: Budget,
    private readonly onFirstBytes?: (first: Uint8Array) => void,
  ) {}

  /** Frames whose header has been read. */
  get framesRead(): number {
    return this.#framesRead;
  }

  /** True while a frame has begun and is not complete. */
  get midFrame(): boolean {
    return this.#headerFill > 0 || this.#bodyLength > 0 || this.#toSkip > 0;
  }

  /** Hands on no more frames, also of the chunk that is being read. */
  stop(): void {
    this.#stopped = true;
    this.#header = undefined;
    this.#dropBody();
  }

  /** Takes the next bytes from the wire, `chunk[0, end)`, and calls the sink for each frame that they complete. */
  push(chunk: Uint8Array, end = chunk.length): void {
    if (this.#framesRead === 0) {
      this.#showFirstBytes(chunk, end);
      if (this.#stopped) return;
    }
    let at = 0;
    if (this.#headerFill > 0 || this.#bodyLength > 0 || this.#toSkip > 0) {
      at = this.#continueFrame(chunk, end);
    }
    while (at < end && !this.#stopped) {
      if (end - at < HEADER_BYTES) {
        this.#beginHeader(chunk, at, end);
        return;
      }
      const dataStart = at + HEADER_BYTES;
      const length = this.#readHeader(chunk, at);
      if (length > this.maxMessageBytes) {
        this.#skip(length);
        at = this.#continueSkip(dataStart, end);
      } else if (end - dataStart >= length) {
        at = dataStart + length;
        this.sink.onFrame(this.#streamId, this.#type, this.#flags, chunk, dataStart, at);
      } else {
        this.#beginBody(length);
        at = this.#continueBody(chunk, dataStart, end);
      }
    }
  }

  #showFirstBytes(chunk: Uint8Array, end: number): void {
    if (!this.onFirstBytes) return;
    const fill = this.#headerFill;
    const first = new Uint8Array(Math.min(HEADER_BYTES, fill + end));
    if (this.#header && fill > 0) first.set(this.#header.subarray(0, fill));
    first.set(chunk.subarray(0, first.length - fill), fill);
    this.onFirstBytes(first);
  }

  #continueFrame(chunk: Uint8Array, end: number): number {
    let at = 0;
    if (this.#headerFill > 0) {
      const header = this.#header as Uint8Array;
      const taken = Math.min(HEADER_BYTES - this.#headerFill, end);
      header.set(chunk.subarray(0, taken), this.#headerFill);
      this.#headerFill += taken;
      if (this.#headerFill < HEADER_BYTES) return taken;
      this.#headerFill = 0;
      this.#header = undefined;
      at = taken;
      const length = this.#readHeader(header, 0);
      if (length > this.maxMessageBytes) {
        this.#skip(length);
      } else if (length === 0) {
        this.sink.onFrame(this.#streamId, this.#type, this.#flags, chunk, at, at);
        return at;
      } else {
        this.#beginBody(length);
      }
    }
    return this.#toSkip > 0 ? this.#continueSkip(at, end) : this.#continueBody(chunk, at, end);
  }

  #beginHeader(chunk: Uint8Array, at: number, end: number): void {
    this.#header = new Uint8Array(HEADER_BYTES);
    this.#header.set(chunk.subarray(at, end));
    this.#headerFill = end - at;
  }

  #readHeader(buf: Uint8Array, at: number): number {
    this.#framesRead++;
    this.#streamId = uint32(buf, at + 4);
    this.#type = buf[at + 8] as number;
    this.#flags = buf[at + 9] as number;
    return uint32(buf, at);
  }

  #beginBody(length: number): void {
    this.#bodyLength = length;
    this.#bodyFill = 0;
  }

  #continueBody(chunk: Uint8Array, at: number, end: number): number {
    const length = this.#bodyLength;
    const taken = Math.min(length - this.#bodyFill, end - at);
    if (taken === 0) return at;
    const fill = this.#bodyFill + taken;
    let body = this.#body;
    if (!body || fill > body.length) body = this.#grow(fill);
    body.set(taken === chunk.length ? chunk : chunk.subarray(at, at + taken), this.#bodyFill);
    this.#bodyFill = fill;
    if (fill === length) {
      this.#dropBody();
      this.sink.onFrame(this.#streamId, this.#type, this.#flags, body, 0, length);
    } else if (fill > FREE_BYTES) {
      this.#count(length);
    }
    return at + taken;
  }

  /**
   * A buffer for `fill` bytes of the frame, and some that follow, with those that have come. Its size is that of the whole
   * frame only when a good part has come: the garbage collector counts it in full, and a header promises 4 MiB for nothing.
   */
  #grow(fill: number): Uint8Array {
    const size = Math.max(MIN_BODY_BYTES, GROWTH * fill);
    const grown = Buffer.allocUnsafeSlow(this.#bodyLength <= 2 * size ? this.#bodyLength : size);
    if (this.#body) grown.set(this.#body.subarray(0, this.#bodyFill));
    this.#body = grown;
    return grown;
  }

  /** Counts what is held of a frame of `length` bytes; lets it go when that is too much. */
  #count(length: number): void {
    const limit = this.budget?.take(this.#bodyFill - this.#bodyCounted);
    if (limit === undefined) {
      this.#bodyCounted = this.#bodyFill;
      return;
    }
    this.#toSkip = length - this.#bodyFill;
    this.#dropBody();
    this.sink.onUnaffordableFrame?.(this.#streamId, this.#type, this.#flags, limit);
  }

  #dropBody(): void {
    this.#body = undefined;
    this.#bodyLength = 0;
    if (this.#bodyCounted > 0) this.budget?.give(this.#bodyCounted);
    this.#bodyCounted = 0;
  }

  #skip(length: number): void {
    this.#toSkip = length;
    this.sink.onOversizedFrame(this.#streamId, this.#type, this.#flags, length);
  }

  #continueSkip(at: number, end: number): number {
    const taken = Math.min(this.#toSkip, end - at);
    this.#toSkip -= taken;
    return at + taken;
  }
}

/** The big-endian number in `buf[at, at + 4)`; the caller has seen that the bytes are there. */
function uint32(buf: Uint8Array, at: number): number {
  return (
    (((buf[at] as number) << 24) |
      ((buf[at + 1] as number) << 16) |
      ((buf[at + 2] as number) << 8) |
      (buf[at + 3] as number)) >>>
    0
  );
}
