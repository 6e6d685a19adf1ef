import { frameBytes, HEADER_BYTES } from '../../support/frame-bytes.js';
import { toBytes, type Bytes } from './bytes.js';

export { HEADER_BYTES } from '../../support/frame-bytes.js';

/** The most data that a frame may carry (PROTOCOL.md, "Frame"). */
export const MAX_DATA_BYTES = 4 * 1024 * 1024;

export const REQUEST = 1;
export const RESPONSE = 2;
export const DATA = 3;

export const REMOTE_CLOSED = 1;
export const REMOTE_OPEN = 2;
export const NO_DATA = 4;

/** A frame to be written. Every part may be wrong on purpose. */
export interface FrameSpec {
  id: number;
  type: number;
  /** 0 when not given. */
  flags?: number;
  /** None when not given. */
  data?: Bytes;
  /** The length that the header says, where it is not the length of `data`. */
  saysLength?: number;
}

/** What is written: a frame, or bytes that need not be one. */
export type Written = FrameSpec | { bytes: Bytes };

export function encodeWritten(written: Written): Buffer {
  if ('bytes' in written) return toBytes(written.bytes);
  const { data, ...header } = written;
  return frameBytes(data === undefined ? header : { ...header, data: toBytes(data) });
}

/** A frame as it was read. */
export interface ReadFrame {
  readonly id: number;
  readonly type: number;
  readonly flags: number;
  readonly data: Buffer;
}

/** Cuts a stream of bytes into frames. Refuses what no well-behaved peer sends: a frame over the limit. */
export class FrameCutter {
  private pieces: Buffer[] = [];
  private held = 0;

  /** Takes the next bytes and gives the frames that they complete. */
  push(chunk: Buffer): ReadFrame[] {
    this.pieces.push(chunk);
    this.held += chunk.length;
    const frames: ReadFrame[] = [];
    for (;;) {
      if (this.held < HEADER_BYTES) return frames;
      let first = this.pieces[0] ?? Buffer.alloc(0);
      if (first.length < HEADER_BYTES) first = this.joined();
      const length = first.readUInt32BE(0);
      if (length > MAX_DATA_BYTES)
        throw new Error(
          `the peer sent a frame with ${length} bytes of data: ${first.toString('hex', 0, HEADER_BYTES)}`,
        );
      if (this.held < HEADER_BYTES + length) return frames;
      const all = this.joined();
      frames.push({
        id: all.readUInt32BE(4),
        type: all.readUInt8(8),
        flags: all.readUInt8(9),
        data: all.subarray(HEADER_BYTES, HEADER_BYTES + length),
      });
      this.pieces = [all.subarray(HEADER_BYTES + length)];
      this.held -= HEADER_BYTES + length;
    }
  }

  /** Bytes of a frame that is not whole yet. */
  get unfinished(): number {
    return this.held;
  }

  private joined(): Buffer {
    if (this.pieces.length !== 1) this.pieces = [Buffer.concat(this.pieces)];
    return this.pieces[0] ?? Buffer.alloc(0);
  }
}
