import type { MessageCodec, WriteArena } from '../../protocol/message-codec.js';
import { DecodeError } from './decode-error.js';
import { EncodeError, Misfit } from './encode-error.js';
import type { MessageDecoder } from './message-decoder.js';
import type { MessageEncoder, MessageObject } from './message-encoder.js';
import { ScratchArena } from './scratch-arena.js';
import { MAX_DEPTH } from './wire.js';
import { BadBytes, WireReader } from './wire-reader.js';
import { WireWriter } from './wire-writer.js';

// One of each serves all codecs. They are taken while they are in use, since a getter of the user's may encode another
// message; the next one then makes its own.
let spareWriter: WireWriter | undefined;
let spareReader: WireReader | undefined;
let spareArena: ScratchArena | undefined;

/**
 * The codec of a message type of a .proto file. `encode` and `encodeInto` raise an {@link EncodeError}, `decode` and
 * `decodeFrom` a {@link DecodeError}.
 *
 * Decoded messages are plain objects. Bytes in them are Buffers: copies, or a view of the buffer that was read where
 * they make up at least half of it. Large bytes that are encoded may go to the arena by reference
 * (`WriteArena.append`): they must not change until they are sent.
 */
export class ReflectionCodec implements MessageCodec {
  #encoder: MessageEncoder | undefined;
  #decoder: MessageDecoder | undefined;

  /** `encoder` and `decoder` are asked at the first use: compiling a type costs more than most programs need. */
  constructor(
    readonly typeName: string,
    private readonly makeEncoder: () => MessageEncoder,
    private readonly makeDecoder: () => MessageDecoder,
  ) {}

  encode(value: unknown): Uint8Array {
    const arena = spareArena ?? new ScratchArena();
    spareArena = undefined;
    try {
      this.encodeInto(value, arena);
      return arena.take();
    } finally {
      arena.pos = 0;
      spareArena = arena;
    }
  }

  encodeInto(value: unknown, out: WriteArena): void {
    const encoder = (this.#encoder ??= this.makeEncoder());
    const writer = spareWriter ?? new WireWriter();
    spareWriter = undefined;
    writer.begin(out);
    try {
      encoder.write(writer, value);
      writer.finish();
    } catch (error) {
      writer.release();
      throw error instanceof Misfit ? new EncodeError(this.typeName, error.path, error.expected, error.value) : error;
    } finally {
      spareWriter = writer;
    }
  }

  decode(bytes: Uint8Array): unknown {
    return this.decodeFrom(bytes, 0, bytes.length);
  }

  decodeFrom(buf: Uint8Array, start: number, end: number): unknown {
    return this.#read(buf, start, end, 0);
  }

  /** As {@link decode}, for a message that stands `depth` levels deep in another. */
  decodeNested(bytes: Uint8Array, depth: number): MessageObject {
    return this.#read(bytes, 0, bytes.length, depth);
  }

  #read(buf: Uint8Array, start: number, end: number, depth: number): MessageObject {
    const decoder = (this.#decoder ??= this.makeDecoder());
    if (depth > MAX_DEPTH) throw new DecodeError(this.typeName, 0, `more than ${MAX_DEPTH} levels of nesting`);
    const reader = spareReader ?? new WireReader();
    spareReader = undefined;
    reader.begin(buf, start, end);
    reader.depth = depth;
    try {
      return decoder.read(reader);
    } catch (error) {
      throw error instanceof BadBytes ? new DecodeError(this.typeName, reader.pos - start, error.message) : error;
    } finally {
      reader.release();
      spareReader = reader;
    }
  }
}
