import { isAscii, isUtf8 } from 'node:buffer';

/** The wire types of protobuf that the envelope needs. */
export const WireType = { Varint: 0, Fixed64: 1, Bytes: 2, StartGroup: 3, EndGroup: 4, Fixed32: 5 } as const;

/** Groups nested deeper than this are refused; an envelope has none, so this only bounds what a hostile one costs. */
const MAX_GROUP_DEPTH = 64;

/** Number of bytes of `value` (0 to 2^32 - 1) as a varint. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Writes `value` (0 to 2^32 - 1) as a varint and returns the offset behind it. */
export function writeVarint(buf: Uint8Array, at: number, value: number): number {
  while (value > 0x7f) {
    buf[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  buf[at++] = value;
  return at;
}

/** Writes a non-negative integer up to 2^53 as a varint and returns the offset behind it. */
export function writeVarint64(buf: Uint8Array, at: number, value: number): number {
  while (value > 0x7f) {
    buf[at++] = (value % 0x80) | 0x80;
    value = Math.floor(value / 0x80);
  }
  buf[at++] = value;
  return at;
}

/**
 * Reads protobuf fields in place. Positions and the last varint's halves are fields instead of results, so that reading
 * allocates nothing; each method raises an Error that says what is wrong with the bytes.
 */
export class FieldReader {
  buf: Uint8Array = EMPTY;
  pos = 0;
  end = 0;
  /** Low 32 bits of the last varint, as an unsigned number. */
  low = 0;
  /** High 32 bits of the last varint, as an unsigned number. */
  high = 0;

  /** Starts on `buf[start, end)`. */
  reset(buf: Uint8Array, start: number, end: number): void {
    this.buf = buf;
    this.pos = start;
    this.end = end;
  }

  /** Reads the next field's tag; returns 0 at the end, else the tag (field number << 3 | wire type). */
  tag(): number {
    if (this.pos >= this.end) return 0;
    this.varint();
    if (this.high !== 0 || this.low >>> 3 === 0) throw new Error('invalid field number');
    return this.low;
  }

  /** Reads a varint into `low` and `high`. Bits above the 64th are dropped; more than ten bytes are refused. */
  varint(): void {
    const { buf, end } = this;
    let pos = this.pos;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= end) throw new Error('truncated varint');
      const byte = buf[pos++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        if (shift === 63 && byte > 1) throw new Error('varint overflows 64 bits');
        this.low = low >>> 0;
        this.high = high >>> 0;
        this.pos = pos;
        return;
      }
    }
    throw new Error('varint of more than ten bytes');
  }

  /** The last varint as a signed 64-bit integer in a double (exact up to 2^53). */
  get int64(): number {
    return (this.high | 0) * 0x1_0000_0000 + this.low;
  }

  /** Reads a length and leaves `pos` at the first byte; returns the offset behind the last. */
  length(): number {
    this.varint();
    const stop = this.pos + this.low;
    if (this.high !== 0 || stop > this.end) throw new Error('truncated field');
    return stop;
  }

  /** Reads a string field's value. Raises an error for bytes that are not UTF-8, as Go does. */
  string(): string {
    const stop = this.length();
    const text = utf8(this.buf, this.pos, stop);
    this.pos = stop;
    return text;
  }

  /** Passes over the value of a field that nobody knows. */
  skip(tag: number): void {
    this.#skip(tag, 0);
  }

  #skip(tag: number, depth: number): void {
    switch (tag & 7) {
      case WireType.Varint:
        this.varint();
        return;
      case WireType.Fixed64:
        this.#advance(8);
        return;
      case WireType.Bytes:
        this.pos = this.length();
        return;
      case WireType.Fixed32:
        this.#advance(4);
        return;
      case WireType.StartGroup:
        if (depth >= MAX_GROUP_DEPTH) throw new Error('groups nested too deep');
        for (;;) {
          const inner = this.tag();
          if (inner === 0) throw new Error('truncated group');
          if ((inner & 7) === WireType.EndGroup) {
            if (inner >>> 3 !== tag >>> 3) throw new Error('mismatched end of group');
            return;
          }
          this.#skip(inner, depth + 1);
        }
      default:
        throw new Error(`invalid wire type ${tag & 7}`);
    }
  }

  #advance(bytes: number): void {
    if (this.pos + bytes > this.end) throw new Error('truncated field');
    this.pos += bytes;
  }
}

/** No bytes. */
export const EMPTY: Uint8Array = new Uint8Array(0);

/** So few bytes are copied by a loop: a call into Node or V8, which makes one more view of them, costs more. */
export const SHORT_BYTES = 128;

/** A copy of `buf[start, end)`. (Buffer's own `slice` gives a view.) */
export function copyBytes(buf: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start;
  const copy = new Uint8Array(length);
  if (length > SHORT_BYTES) copy.set(start === 0 && end === buf.length ? buf : buf.subarray(start, end));
  else for (let i = 0; i < length; i++) copy[i] = buf[start + i] as number;
  return copy;
}

/** The text in `buf[start, end)`. Raises an error when it is not valid UTF-8. */
export function utf8(buf: Uint8Array, start: number, end: number): string {
  if (start === end) return '';
  const bytes = Buffer.from(buf.buffer, buf.byteOffset + start, end - start);
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (!isUtf8(bytes)) throw new Error('string field contains invalid UTF-8');
  return bytes.toString('utf8');
}

/** `text` as UTF-8. Lone surrogates become U+FFFD, since Go refuses a whole envelope with one invalid string. */
export function utf8Bytes(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}
