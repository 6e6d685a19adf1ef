import { encodeMessage, LARGE_BYTES, type MessageCodec } from './message-codec.js';
import { ScratchArena } from './scratch-arena.js';

/** A message encoded before it can be sent. Its large bytes are the caller's own, and must not change until then. */
export interface HeldMessage {
  readonly parts: readonly Uint8Array[];
  /** Bytes of all parts together. */
  readonly length: number;
}

/** An empty message. */
export const NO_MESSAGE: HeldMessage = { parts: [], length: 0 };

/** Encodes into parts: large bytes become a part of their own, by reference. */
class HoldingArena extends ScratchArena {
  #parts: Uint8Array[] = [];
  #length = 0;

  /** Takes large bytes by reference. */
  override append(bytes: Uint8Array): void {
    if (bytes.length < LARGE_BYTES) {
      super.append(bytes);
      return;
    }
    this.#cut();
    this.#push(bytes);
  }

  /** Takes what was encoded; the arena is empty afterwards. */
  hold(): HeldMessage {
    this.#cut();
    const held = { parts: this.#parts, length: this.#length };
    this.clear();
    return held;
  }

  /** Drops what was encoded. */
  clear(): void {
    this.pos = 0;
    this.#parts = [];
    this.#length = 0;
  }

  #cut(): void {
    if (this.pos > 0) this.#push(this.take());
  }

  #push(part: Uint8Array): void {
    this.#parts.push(part);
    this.#length += part.length;
  }
}

// Cleared while it is in use: a getter of the user may start another call.
let spare: HoldingArena | undefined;

/**
 * Encodes `value` to be sent later by {@link heldCodec}.
 * @throws what the codec throws.
 */
export function holdMessage<T>(codec: MessageCodec<T>, value: T): HeldMessage {
  const arena = spare ?? new HoldingArena();
  spare = undefined;
  try {
    encodeMessage(codec, value, arena);
    return arena.hold();
  } finally {
    arena.clear();
    spare = arena;
  }
}

/** The codec that sends what {@link holdMessage} has encoded. */
export const heldCodec: MessageCodec<HeldMessage> = {
  typeName: 'bytes',
  encode: ({ parts }) => Buffer.concat(parts),
  decode: (bytes) => (bytes.length === 0 ? NO_MESSAGE : { parts: [bytes], length: bytes.length }),
  encodeInto({ parts }, out) {
    for (const part of parts) out.append(part);
  },
};
