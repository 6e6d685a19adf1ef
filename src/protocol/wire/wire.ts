import { isAscii, isUtf8 } from 'node:buffer';

/** How a field's value is laid out, the low three bits of its tag. */
export const WireType = { Varint: 0, Fixed64: 1, Bytes: 2, StartGroup: 3, EndGroup: 4, Fixed32: 5 } as const;

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

/** The text in `buf[start, end)`. @throws {Error} when it is not valid UTF-8 */
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
