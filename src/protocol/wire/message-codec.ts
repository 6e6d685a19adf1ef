import type { DecodeBudget } from '../core/decode-budget.js';
import { retain } from './retain.js';

/** Bytes of this size and more are handed on where they are, not copied. */
export const LARGE_BYTES = 16 * 1024;

/**
 * A growing buffer into which one message after another is encoded in place.
 * A writer appends at `buf[pos]` and moves `pos`; it may also replace `buf` by a larger one
 * that holds the same bytes in `[0, pos)`, as protobufjs's Writer does when it grows.
 */
export interface WriteArena {
  /** The bytes written so far stand in `[0, pos)`. */
  buf: Uint8Array;
  /** Offset in bytes of the next byte to write. */
  pos: number;
  /** Makes room for `bytes` more bytes after `pos`, replacing `buf` if it must. */
  reserve(bytes: number): void;
  /**
   * Appends `bytes`: small ones by a copy, large ones ({@link LARGE_BYTES}) by reference, so that they must not change until they are sent.
   * After it `buf` and `pos` may be others than before.
   */
  append(bytes: Uint8Array): void;
}

/**
 * Turns messages of one type into bytes and back: all that the engine knows of a message.
 * The two in-place forms are optional; the engine uses them where they are there, to spare a copy for each message.
 * `Input` is what it encodes, where that is more than it decodes: generated code takes objects that lack fields.
 */
export interface MessageCodec<T = unknown, Input = T> {
  /** Qualified name of the message type, for error texts (`demo.v1.HelloRequest`). */
  readonly typeName: string;
  /** Encodes `value`. Raises an error that names the field when the value does not fit the type. */
  encode(value: Input): Uint8Array;
  /**
   * Decodes one whole message. Raises an error when the bytes are no such message. A codec that can make much more of them
   * than came counts it in `budget`, and lets the error pass which that throws; without one nothing is limited.
   */
  decode(bytes: Uint8Array, budget?: DecodeBudget): T;
  /** As {@link encode}, but appends to `out`. After an error the caller resets `out.pos`. */
  encodeInto?(value: Input, out: WriteArena): void;
  /** As {@link decode}, reading `buf[start, end)` in place. The result must not refer to `buf` unless the codec documents it. */
  decodeFrom?(buf: Uint8Array, start: number, end: number, budget?: DecodeBudget): T;
}

/** Passes bytes through as they are: the codec of the raw engine. Received messages are copied out of the read buffer. */
export const bytesCodec: MessageCodec<Uint8Array> = {
  typeName: 'bytes',
  encode: (value) => checkedBytes(value),
  decode: (bytes) => bytes,
  encodeInto: (value, out) => out.append(checkedBytes(value)),
  decodeFrom: (buf, start, end) => retain(buf, start, end),
};

function checkedBytes(value: unknown): Uint8Array {
  // Not instanceof: bytes may come from another realm (a test runner's, a worker's).
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
 * `budget` counts what that makes.
 */
export function decodeMessage<T>(
  codec: MessageCodec<T>,
  buf: Uint8Array,
  start: number,
  end: number,
  budget?: DecodeBudget,
): T {
  return codec.decodeFrom ? codec.decodeFrom(buf, start, end, budget) : codec.decode(retain(buf, start, end), budget);
}
