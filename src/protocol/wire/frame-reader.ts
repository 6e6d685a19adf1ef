import type { Budget } from '../core/budget.js';
import { returnBody, takeBody } from './body-pool.js';
import { HEADER_BYTES } from './frame.js';
import { lend, reclaim } from './retain.js';

/** Receives the frames of a {@link FrameReader}, in the order of the wire. */
export interface FrameSink {
  /**
   * One whole frame, with its data in `buf[start, end)`. `buf` is the read chunk or the frame's own buffer; use `retain` for
   * what must outlive this call.
   */
  onFrame(streamId: number, type: number, flags: number, buf: Uint8Array, start: number, end: number): void;
  /** A frame above the limit; its `length` bytes of data are dropped as they arrive. */
  onOversizedFrame(streamId: number, type: number, flags: number, length: number): void;
  /**
   * A frame that the budget does not allow to buffer until it is whole; its data is dropped as it arrives.
   * `limit` is that of the budget, in bytes. Required when the reader has a budget.
   */
  onUnaffordableFrame?(streamId: number, type: number, flags: number, limit: number): void;
}

/** An unfinished frame is not counted up to this size in bytes, about that of a read chunk. */
const FREE_BYTES = 64 * 1024;

/** The buffer of an unfinished frame is this many times as large as what has arrived, or up to twice that if it holds the whole frame. */
const GROWTH = 4;

/** The smallest such buffer in bytes, unless the frame is smaller. */
const MIN_BODY_BYTES = 4096;

/** So many bytes of a frame must be missing that they are read straight into its buffer. */
const MIN_SPACE_BYTES = 8 * 1024;

/**
 * Cuts a byte stream into frames: chunks in, frames out, no socket.
 * A frame within one chunk is passed on in place. A frame over several chunks is copied into a buffer that grows with what
 * arrives: a header alone takes no memory, and a peer that sends single bytes costs no more than one frame. Nothing is held
 * between frames.
 */
export class FrameReader {
  #header: Uint8Array | undefined;
  #headerFill = 0;
  #body: Buffer | undefined;
  #bodyFill = 0;
  /** The length of the unfinished frame's data in bytes; 0 when there is none. */
  #bodyLength = 0;
  /** The bytes of it that the budget counts. */
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
   * Frames with more than `maxMessageBytes` of data are reported as oversized. `budget` counts the buffered part of an
   * unfinished frame. `onFirstBytes` gets the first bytes of the stream, up to the size of a header, before they are read as
   * a frame, and again with each chunk until the header is whole. It may stop the reader: they may not be a frame at all.
   * With `reuses` the memory of a frame is used again where the sink has kept none of it: it may keep bytes by `retain`
   * and `decodeMessage` only.
   */
  /** @internal */
  constructor(
    sink: FrameSink,
    maxMessageBytes: number,
    budget?: Budget,
    onFirstBytes?: (first: Uint8Array) => void,
    reuses?: boolean,
  );
  constructor(
    private readonly sink: FrameSink,
    private readonly maxMessageBytes: number,
    private readonly budget?: Budget,
    private readonly onFirstBytes?: (first: Uint8Array) => void,
    private readonly reuses = false,
  ) {}

  /** Frames whose header has been read. */
  get framesRead(): number {
    return this.#framesRead;
  }

  /** True while a frame has begun and is not complete. */
  get midFrame(): boolean {
    return this.#headerFill > 0 || this.#bodyLength > 0 || this.#toSkip > 0;
  }

  /** Stops passing on frames, also those of the chunk being read. */
  stop(): void {
    this.#stopped = true;
    this.#header = undefined;
    this.#dropBody();
  }

  /** Reads the next bytes of the wire, `chunk[0, end)`, and calls the sink for each frame that they complete. */
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

  /**
   * The rest of the buffer of an unfinished frame, where the next bytes of the wire may be read into it instead of being
   * passed to {@link push}: undefined where that would take more reads. {@link filled} says how many have been.
   * @internal
   */
  space(): Uint8Array | undefined {
    const body = this.#body;
    if (!body) return undefined;
    const holdsAll = body.length >= this.#bodyLength;
    // Not beyond the frame: a body may be larger.
    const stop = holdsAll ? this.#bodyLength : body.length;
    const least = holdsAll ? MIN_SPACE_BYTES : FREE_BYTES;
    return stop - this.#bodyFill < least ? undefined : body.subarray(this.#bodyFill, stop);
  }

  /**
   * The next `bytes` bytes of the wire are in the {@link space} of before.
   * @internal
   */
  filled(bytes: number): void {
    const body = this.#body;
    if (body) this.#advance(body, this.#bodyFill + bytes);
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
    this.#advance(body, fill);
    return at + taken;
  }

  /** The first `fill` bytes of the frame are in `body`. */
  #advance(body: Buffer, fill: number): void {
    const length = this.#bodyLength;
    this.#bodyFill = fill;
    if (fill === length) {
      this.#dropBody();
      if (this.reuses) lend(body);
      this.sink.onFrame(this.#streamId, this.#type, this.#flags, body, 0, length);
      if (this.reuses && reclaim(body)) returnBody(body);
    } else if (fill > FREE_BYTES) {
      this.#count(length);
    }
  }

  /**
   * Grows the buffer to hold `fill` bytes of the frame and more to come. It gets the size of the whole frame only when a
   * good part has arrived: the garbage collector counts it in full, and any header can promise 4 MiB.
   */
  #grow(fill: number): Buffer {
    const size = Math.max(MIN_BODY_BYTES, GROWTH * fill);
    const grown = takeBody(this.#bodyLength <= 2 * size ? this.#bodyLength : size);
    const old = this.#body;
    if (old) {
      old.copy(grown, 0, 0, this.#bodyFill);
      returnBody(old);
    }
    this.#body = grown;
    return grown;
  }

  /** Counts the buffered part of a frame of `length` bytes; drops the frame when that is too much. */
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

/** The big-endian number in `buf[at, at + 4)`; the caller has checked that the bytes are there. */
function uint32(buf: Uint8Array, at: number): number {
  return (
    (((buf[at] as number) << 24) |
      ((buf[at + 1] as number) << 16) |
      ((buf[at + 2] as number) << 8) |
      (buf[at + 3] as number)) >>>
    0
  );
}
