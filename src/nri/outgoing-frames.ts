import { HEADER_BYTES } from '../protocol/wire/frame.js';

/** The buffer that Go's ttrpc reads a connection through. */
const GO_BUFFER_BYTES = 4096;

/**
 * Cuts the bytes that ttrpc writes into payloads of mux frames as Go's reader needs them. It takes each mux frame in one
 * piece, into a 4,096-byte buffer or into the rest of a ttrpc message; a longer one breaks the connection silently, and
 * 256 unread ones break the trunk. So whole ttrpc frames are packed up to 4,096 bytes, and a larger one goes as its first
 * 4,096 bytes and then its rest, alone.
 */
export class OutgoingFrames {
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  /** Takes more bytes, and gives the payloads that are complete now; the rest waits for its other bytes. */
  take(chunks: readonly Uint8Array[]): Uint8Array[] {
    for (const chunk of chunks) {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
    }
    if (this.#heldBytes < HEADER_BYTES) return [];
    const bytes = this.#held.length === 1 ? (this.#held[0] as Uint8Array) : Buffer.concat(this.#held, this.#heldBytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const payloads: Uint8Array[] = [];
    /** Whole small frames in [packed, at) are packed together. */
    let packed = 0;
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const length = HEADER_BYTES + view.getUint32(at);
      if (bytes.length - at < length) break;
      if (at + length - packed > GO_BUFFER_BYTES) {
        if (at > packed) payloads.push(bytes.subarray(packed, at));
        packed = at;
      }
      at += length;
      if (length > GO_BUFFER_BYTES) {
        payloads.push(bytes.subarray(packed, packed + GO_BUFFER_BYTES), bytes.subarray(packed + GO_BUFFER_BYTES, at));
        packed = at;
      }
    }
    if (at > packed) payloads.push(bytes.subarray(packed, at));
    this.#held = at < bytes.length ? [bytes.subarray(at)] : [];
    this.#heldBytes = bytes.length - at;
    return payloads;
  }
}
