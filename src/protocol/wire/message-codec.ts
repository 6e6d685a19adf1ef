import type { DecodeBudget } from '../core/decode-budget.js';
import { KEEPS_BY_RETAIN, retain, watchCodec } from './retain.js';

/** Bytes of this size or larger are passed on by reference, not copied. */
export const LARGE_BYTES = 16 * 1024;

/**
 * A growing buffer into which messages are encoded in place, one after another.
 * A writer writes at `buf[pos]` and advances `pos`. It may also replace `buf` with a larger buffer that has the same bytes
 * in `[0, pos)`, as protobufjs's Writer does when it grows.
 */
export interface WriteArena {
  /** The bytes written so far are in `[0, pos)`. */
  buf: Uint8Array;
  /** The offset of the next byte to write. */
  pos: number;
  /** Makes room for `bytes` more bytes after `pos`, replacing `buf` if it must. */
  reserve(bytes: number): void;
  /**
   * Appends `bytes`: copies small ones, and takes large ones ({@link LARGE_BYTES}) by reference, so they must not change
   * until they are sent. Read `buf` and `pos` anew afterwards: both may have changed.
   */
  append(bytes: Uint8Array): void;
}

/**
 * Turns messages of one type into bytes and back. It is all that the engine knows of a message.
 * The two in-place forms are optional; the engine prefers them, since they save a copy of each message.
 * `Input` is the type that it encodes, where that is wider than the decoded one: generated code accepts partial objects.
 */
export interface MessageCodec<T = unknown, Input = T> {
  /** Qualified name of the message type, for error texts (`demo.v1.HelloRequest`). */
  readonly typeName: string;
  /**
   * Encodes `value`.
   * @throws {Error} naming the field when the value does not fit the type.
   */
  encode(value: Input): Uint8Array;
  /**
   * Decodes one whole message. A codec whose decoded messages can be much larger than their bytes counts them in `budget`
   * and does not catch the error that it throws. Without a budget nothing is limited.
   * @throws {Error} when the bytes are not a message of this type.
   */
  decode(bytes: Uint8Array, budget?: DecodeBudget): T;
  /** As {@link encode}, but appends to `out`. After an error the caller resets `out.pos`. */
  encodeInto?(value: Input, out: WriteArena): void;
  /** As {@link decode}, reading `buf[start, end)` in place. The result must not refer to `buf` unless the codec documents it. */
  decodeFrom?(buf: Uint8Array, start: number, end: number, budget?: DecodeBudget): T;
}

/** Passes bytes through unchanged: the codec of the raw API. Received messages are copied out of the read buffer. */
export const bytesCodec: MessageCodec<Uint8Array> = {
  typeName: 'bytes',
  encode: (value) => checkedBytes(value),
  decode: (bytes) => bytes,
  encodeInto: (value, out) => out.append(checkedBytes(value)),
  decodeFrom: (buf, start, end) => retain(buf, start, end),
};
Object.defineProperty(bytesCodec, KEEPS_BY_RETAIN, { value: true });

function checkedBytes(value: unknown): Uint8Array {
  // Not instanceof: the bytes may come from another realm (of a test runner or a worker).
  if (ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]') {
    return value as Uint8Array;
  }
  throw new TypeError(`expected a Uint8Array, got ${value === null ? 'null' : typeof value}`);
}

/** Encodes `value` at the end of `out`, in place where the codec can. */
export function encodeMessage<T>(codec: MessageCodec<T>, value: T, out: WriteArena): void {
  if (codec.encodeInto) codec.encodeInto(value, out);
  else out.append(codec.encode(value));
}

/**
 * Decodes the message in `buf[start, end)`, in place where the codec can; the result does not hold on to `buf`.
 * `budget` counts the memory that it takes.
 */
export function decodeMessage<T>(
  codec: MessageCodec<T>,
  buf: Uint8Array,
  start: number,
  end: number,
  budget?: DecodeBudget,
): T {
  if (!codec.decodeFrom) return codec.decode(retain(buf, start, end), budget);
  watchCodec(codec);
  return codec.decodeFrom(buf, start, end, budget);
}
