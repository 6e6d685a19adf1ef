import { varintSize, writeVarint } from './wire.js';

/** Groups nested deeper than this are refused; an envelope has none, so this only bounds what a hostile one costs. */
export const MAX_ENVELOPE_DEPTH = 64;

/** Bytes of a field with a length, whose tag takes one byte. */
export function fieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/** Writes a field of `bytes` and returns the offset behind it. */
export function writeBytesField(buf: Uint8Array, at: number, tag: number, bytes: Uint8Array): number {
  buf[at] = tag;
  const start = writeVarint(buf, at + 1, bytes.length);
  buf.set(bytes, start);
  return start + bytes.length;
}
