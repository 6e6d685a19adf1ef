import type { WriteArena } from './message-codec.js';

const INITIAL_BYTES = 4096;

/** A buffer above this size is not kept for the next message. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** Where single messages are encoded whose bytes are then handed out. */
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

  /** As {@link WriteArena.append}; always by a copy. */
  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buf.set(bytes, this.pos);
    this.pos += bytes.length;
  }

  /** What was written, in a Buffer of its own; the arena is empty afterwards. */
  take(): Buffer {
    const taken = Buffer.allocUnsafe(this.pos);
    this.buf.copy(taken, 0, 0, this.pos);
    this.pos = 0;
    if (this.buf.length > MAX_KEPT_BYTES) this.buf = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    return taken;
  }
}
