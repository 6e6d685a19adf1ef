import type { WriteArena } from './message-codec.js';

const INITIAL_BYTES = 4096;

/** The largest buffer to keep for the next message, in bytes. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** An arena for encoding single messages into buffers of their own. */
export class ScratchArena implements WriteArena {
  buf: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  pos = 0;

  /** As {@link WriteArena.reserve}. */
  reserve(bytes: number): void {
    const needed = this.pos + bytes;
    if (needed <= this.buf.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.buf.length));
    this.buf.copy(grown, 0, 0, this.pos);
    this.buf = grown;
  }

  /** As {@link WriteArena.append}, but always copies. */
  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buf.set(bytes, this.pos);
    this.pos += bytes.length;
  }

  /** Copies what was written into a new Buffer; the arena is empty afterwards. */
  take(): Buffer {
    const taken = Buffer.allocUnsafe(this.pos);
    this.buf.copy(taken, 0, 0, this.pos);
    this.pos = 0;
    if (this.buf.length > MAX_KEPT_BYTES) this.buf = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    return taken;
  }
}
