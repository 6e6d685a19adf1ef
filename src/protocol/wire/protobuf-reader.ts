import { Buffer, isUtf8 } from 'node:buffer';
import type { DecodeBudget } from '../core/decode-budget.js';
import { DOUBLE_BYTES, getDouble, getFloat } from './floats.js';
import { WireType } from './wire.js';

/** Strings up to this length are read by a loop: a call into Node costs more than it saves. */
const SHORT_STRING = 12;

const NO_BYTES = Buffer.alloc(0);

/** Node's own name for the fast form of `toString('utf8', start, end)`, where this version has it. */
const utf8Slice = (Buffer.prototype as { utf8Slice?: (this: Buffer, start: number, end: number) => string }).utf8Slice;

/** Memory that decoding makes is booked in sums of about this many bytes. */
export const BOOK_BYTES = 4096;

/** What a string takes beside its characters. */
const STRING_BYTES = 24;

/** Bytes that are not protobuf, or not of the wanted type. The schema's codec turns it into a DecodeError. */
export class MalformedMessage extends Error {}

/**
 * Reads protobuf values in place: those of the envelope, and those of messages. `end` bounds what may be read, also where
 * the buffer goes on; nested messages set it to their own end and put it back. Results that would need an object stand in
 * fields, so that reading allocates nothing. Its methods throw a {@link MalformedMessage}.
 */
export class ProtobufReader {
  buf: Buffer = NO_BYTES;
  pos = 0;
  end = 0;
  /** How many messages stand around the one that is read. */
  depth = 0;
  #maxDepth = 0;
  /** Memory that was made for the message and is not booked yet, in bytes. Readers count it, see {@link book}. */
  made = 0;
  #budget: DecodeBudget | undefined;
  /** True when a message, or a piece of it, lacked a required field: pieces of one message are merged. */
  isIncomplete = false;
  /** Halves of the last 64-bit value, unsigned. */
  low = 0;
  high = 0;

  /** Into what memory is booked; undefined where nothing limits it. */
  get budget(): DecodeBudget | undefined {
    return this.#budget;
  }

  /**
   * Starts on `buf[start, end)`, where a message is that stands `depth` levels deep in others, of `maxDepth` at most.
   * `budget` counts the memory that is made.
   */
  begin(
    buf: Uint8Array,
    start: number,
    end: number,
    depth: number,
    maxDepth: number,
    budget: DecodeBudget | undefined,
  ): void {
    this.made = 0;
    this.isIncomplete = false;
    this.#budget = budget;
    this.buf = Buffer.isBuffer(buf) ? buf : Buffer.from(buf.buffer, buf.byteOffset, buf.byteLength);
    this.pos = start;
    this.end = end;
    this.#maxDepth = maxDepth;
    this.depth = depth - 1;
    this.enter();
  }

  /** Books what was made. Throws what the budget throws when that is too much. */
  book(): void {
    const { made } = this;
    this.made = 0;
    this.#budget?.take(made);
  }

  /** Steps into a message or group within the one that is read. */
  enter(): void {
    this.depth += 1;
    if (this.depth > this.#maxDepth) throw new MalformedMessage(`more than ${this.#maxDepth} levels of nesting`);
  }

  /** Steps out again. */
  leave(): void {
    this.depth -= 1;
  }

  /** Lets go of the buffer. */
  release(): void {
    this.#budget = undefined;
    this.buf = NO_BYTES;
  }

  /** An unsigned 32-bit varint; the bits above are dropped, as every implementation does. */
  uint32(): number {
    const { pos } = this;
    const byte = this.buf[pos] as number;
    // Small enough to be inlined: most lengths and numbers are one byte.
    if (byte < 0x80 && pos < this.end) {
      this.pos = pos + 1;
      return byte;
    }
    this.varint64();
    // Once `low` has held more than 31 bits V8 reads it as a double, and whatever the number is stored in becomes one, too.
    const int = this.low | 0;
    return int >= 0 ? int : this.low;
  }

  /** A field's tag: field number << 3 | wire type. */
  tag(): number {
    const { pos } = this;
    const byte = this.buf[pos] as number;
    if (byte < 0x80 && byte > 7 && pos < this.end) {
      this.pos = pos + 1;
      return byte;
    }
    this.varint64();
    // Zeros behind its five bytes do no harm, as in Go: PROTOCOL.md, "Hostile bytes".
    if (this.high !== 0 || this.low < 8) throw new MalformedMessage('a field number is invalid');
    return this.low;
  }

  /** A signed 32-bit varint. */
  int32(): number {
    return this.uint32() | 0;
  }

  /** A signed 32-bit varint, zig-zag encoded. */
  sint32(): number {
    const value = this.uint32();
    return (value >>> 1) ^ -(value & 1);
  }

  /** True for any varint but 0. */
  bool(): boolean {
    this.varint64();
    return (this.low | this.high) !== 0;
  }

  /** A 64-bit varint, into `low` and `high`. More than 64 bits are refused, as Go does. */
  varint64(): void {
    const { buf } = this;
    let pos = this.pos;
    let low = 0;
    let high = 0;
    // Bytes behind the buffer read as undefined, which ends the varint; the check against `end` catches it.
    let byte = 0x80;
    for (let shift = 0; byte > 0x7f; shift += 7) {
      if (shift === 70) throw this.#badVarint(pos, 'a varint has more than ten bytes');
      byte = buf[pos++] as number;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift === 28) {
        low |= byte << 28;
        high = (byte & 0x7f) >>> 4;
      } else {
        if (shift === 63 && byte > 1 && byte < 0x80) throw this.#badVarint(pos, 'a varint exceeds 64 bits');
        high |= (byte & 0x7f) << (shift - 32);
      }
    }
    if (pos > this.end) throw truncated();
    this.pos = pos;
    this.low = low >>> 0;
    this.high = high >>> 0;
  }

  /** What is wrong with a varint of which the bytes up to `pos` were looked at: some may stand behind the end. */
  #badVarint(pos: number, reason: string): MalformedMessage {
    return pos > this.end ? truncated() : new MalformedMessage(reason);
  }

  /** The last 64-bit value as a signed integer, exact up to 2^53. */
  get int64(): number {
    return (this.high | 0) * 0x1_0000_0000 + this.low;
  }

  /** A 64-bit varint, zig-zag encoded, into `low` and `high`. */
  zigzag64(): void {
    this.varint64();
    const { low, high } = this;
    const mask = -(low & 1);
    this.low = (((low >>> 1) | (high << 31)) ^ mask) >>> 0;
    this.high = ((high >>> 1) ^ mask) >>> 0;
  }

  /** Four bytes, little-endian, as an unsigned number. */
  fixed32(): number {
    const { buf } = this;
    const at = this.advance(4);
    // Within the buffer: `advance` has seen to it.
    return (
      ((buf[at] as number) |
        ((buf[at + 1] as number) << 8) |
        ((buf[at + 2] as number) << 16) |
        ((buf[at + 3] as number) << 24)) >>>
      0
    );
  }

  /** Eight bytes, little-endian, into `low` and `high`. */
  fixed64(): void {
    this.low = this.fixed32();
    this.high = this.fixed32();
  }

  /** A 32-bit float. */
  float(): number {
    this.#take(4);
    return getFloat();
  }

  /** A 64-bit float. */
  double(): number {
    this.#take(8);
    return getDouble();
  }

  /** A length; returns the offset behind the bytes that it counts, `pos` is at the first. */
  length(): number {
    const { pos } = this;
    const byte = this.buf[pos] as number;
    if (byte < 0x80) {
      this.pos = pos + 1;
      const stop = this.pos + byte;
      if (stop > this.end) throw truncated();
      return stop;
    }
    this.varint64();
    if (this.high !== 0 || this.low > this.end - this.pos) throw truncated();
    // An integer for V8, see `uint32`.
    return this.pos + (this.low | 0);
  }

  /** A string. `strict` refuses bytes that are not UTF-8, else they become U+FFFD. */
  string(strict: boolean): string {
    const stop = this.length();
    const { buf } = this;
    const start = this.pos;
    this.pos = stop;
    // Strings of one character are V8's own.
    if (stop - start > 1) this.made += STRING_BYTES + stop - start;
    const short = stop - start <= SHORT_STRING ? asciiAt(buf, start, stop) : undefined;
    if (short !== undefined) return short;
    const text = utf8Slice ? utf8Slice.call(buf, start, stop) : buf.toString('utf8', start, stop);
    // Only a string with a replacement character can have come from broken bytes.
    if (strict && text.includes('\ufffd') && !isUtf8(buf.subarray(start, stop))) {
      throw new MalformedMessage('a string is not valid UTF-8');
    }
    return text;
  }

  /** Moves on by `bytes` and returns where they begin. */
  advance(bytes: number): number {
    const at = this.pos;
    if (at + bytes > this.end) throw truncated();
    this.pos = at + bytes;
    return at;
  }

  /** Passes over the value behind `tag`. */
  skip(tag: number): void {
    switch (tag & 7) {
      case WireType.Varint:
        this.varint64();
        return;
      case WireType.Fixed64:
        this.advance(8);
        return;
      case WireType.Bytes:
        this.pos = this.length();
        return;
      case WireType.Fixed32:
        this.advance(4);
        return;
      case WireType.StartGroup:
        this.#skipGroup(tag + 1);
        return;
      default:
        throw new MalformedMessage(
          (tag & 7) === WireType.EndGroup ? 'a group ends that has not begun' : `wire type ${tag & 7} is invalid`,
        );
    }
  }

  #skipGroup(endTag: number): void {
    this.enter();
    for (let tag = this.tag(); tag !== endTag; tag = this.tag()) this.skip(tag);
    this.leave();
  }

  #take(bytes: number): void {
    const at = this.advance(bytes);
    const { buf } = this;
    for (let i = 0; i < bytes; i += 1) DOUBLE_BYTES[i] = buf[at + i] as number;
  }
}

function truncated(): MalformedMessage {
  return new MalformedMessage('the message is cut short');
}

/** The text of a few bytes when all are ASCII, else undefined. */
function asciiAt(buf: Uint8Array, at: number, stop: number): string | undefined {
  let text = '';
  for (; at + 4 <= stop; at += 4) {
    // Within the buffer: the length was checked.
    const a = buf[at] as number;
    const b = buf[at + 1] as number;
    const c = buf[at + 2] as number;
    const d = buf[at + 3] as number;
    if ((a | b | c | d) > 0x7f) return undefined;
    text += String.fromCharCode(a, b, c, d);
  }
  for (; at < stop; at += 1) {
    const byte = buf[at] as number;
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
