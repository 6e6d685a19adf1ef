import type { DecodeBudget } from '../../protocol/core/decode-budget.js';
import type { MessageCodec, WriteArena } from '../../protocol/wire/message-codec.js';
import { DecodeError } from './decode/decode-error.js';
import { EncodeError, InvalidValue } from './encode/encode-error.js';
import type { MessageDecoder } from './decode/message-decoder.js';
import type { MessageEncoder } from './encode/message-encoder.js';
import type { MessageObject } from './message-object.js';
import { ScratchArena } from '../../protocol/wire/scratch-arena.js';
import { KEEPS_BY_RETAIN } from '../../protocol/wire/retain.js';
import { isStackOverflow } from './stack-overflow.js';
import { MalformedMessage, ProtobufReader } from '../../protocol/wire/protobuf-reader.js';
import { WireWriter } from './encode/wire-writer.js';

// One of each serves all codecs. They are taken while they are in use, since a getter of the user's may encode another
// message; the next one then makes its own.
let spareWriter: WireWriter | undefined;
let spareReader: ProtobufReader | undefined;
let spareArena: ScratchArena | undefined;

/**
 * The codec of a message type of a .proto file. `encode` and `encodeInto` throw an {@link EncodeError}, `decode` and
 * `decodeFrom` a {@link DecodeError}.
 *
 * Decoded messages are plain objects. Bytes in them are Buffers: copies, or a view of the buffer that was read where
 * they make up at least half of it. Large bytes that are encoded may go to the arena by reference
 * (`WriteArena.append`): they must not change until they are sent.
 */
export class ReflectionCodec implements MessageCodec {
  #encoder: MessageEncoder | undefined;
  #decoder: MessageDecoder | undefined;

  /**
   * `makeEncoder` and `makeDecoder` are asked at the first use: most types of a schema are never used as messages.
   * `maxDepth` is how deep messages may be nested below this one, `origin` what they are of, for warnings.
   */
  constructor(
    readonly typeName: string,
    private readonly maxDepth: number,
    private readonly makeEncoder: () => MessageEncoder,
    private readonly makeDecoder: () => MessageDecoder,
    private readonly origin?: string,
  ) {}

  /** @internal */
  get [KEEPS_BY_RETAIN](): true {
    return true;
  }

  encode(value: unknown): Uint8Array {
    try {
      return this.encodeNested(value, 0);
    } catch (error) {
      throw this.#encodeError(error, value);
    }
  }

  encodeInto(value: unknown, out: WriteArena): void {
    try {
      this.#write(value, out, 0);
    } catch (error) {
      throw this.#encodeError(error, value);
    }
  }

  decode(bytes: Uint8Array, budget?: DecodeBudget): unknown {
    return this.decodeFrom(bytes, 0, bytes.length, budget);
  }

  decodeFrom(buf: Uint8Array, start: number, end: number, budget?: DecodeBudget): unknown {
    const decoder = (this.#decoder ??= this.makeDecoder());
    const reader = spareReader ?? new ProtobufReader();
    spareReader = undefined;
    try {
      reader.begin(buf, start, end, 0, this.maxDepth, budget);
      const message = decoder.read(reader);
      if (reader.isIncomplete) checkRequired(decoder, message);
      if (budget !== undefined) reader.book();
      return message;
    } catch (error) {
      if (error instanceof MalformedMessage) throw new DecodeError(this.typeName, reader.pos - start, error.message);
      if (!isStackOverflow(error)) throw error;
      throw new DecodeError(this.typeName, undefined, 'nested so deep that the stack is exhausted', { cause: error });
    } finally {
      reader.release();
      spareReader = reader;
    }
  }

  /** As {@link encode}, for a message that stands `depth` levels deep in another. @throws {InvalidValue} */
  encodeNested(value: unknown, depth: number): Uint8Array {
    const arena = spareArena ?? new ScratchArena();
    spareArena = undefined;
    try {
      this.#write(value, arena, depth);
      return arena.take();
    } finally {
      arena.pos = 0;
      spareArena = arena;
    }
  }

  /** As {@link decode}, for a message that stands `depth` levels deep in another. @throws {MalformedMessage} */
  decodeNested(bytes: Uint8Array, depth: number, budget?: DecodeBudget): MessageObject {
    const decoder = (this.#decoder ??= this.makeDecoder());
    const reader = new ProtobufReader();
    reader.begin(bytes, 0, bytes.length, depth, this.maxDepth, budget);
    const message = decoder.read(reader);
    if (reader.isIncomplete) checkRequired(decoder, message);
    reader.book();
    return message;
  }

  #write(value: unknown, out: WriteArena, depth: number): void {
    const encoder = (this.#encoder ??= this.makeEncoder());
    const writer = spareWriter ?? new WireWriter();
    spareWriter = undefined;
    try {
      writer.begin(out, value, depth, this.maxDepth);
      writer.origin = this.origin;
      encoder.write(writer, value);
      writer.finish();
    } finally {
      writer.release();
      spareWriter = writer;
    }
  }

  #encodeError(error: unknown, value: unknown): unknown {
    if (error instanceof InvalidValue) return new EncodeError(this.typeName, error.path, error.expected, error.value);
    if (!isStackOverflow(error)) return error;
    return new EncodeError(this.typeName, '', 'a message that the stack can hold', value, { cause: error });
  }
}

/** Apart from reading, since a message within it that is sent twice is merged: a piece may lack what the other has. */
function checkRequired(decoder: MessageDecoder, message: MessageObject): void {
  const missing = decoder.missing(message);
  if (missing !== undefined) throw new MalformedMessage(`required field '${missing}' is missing`);
}
