import type { DownloadRequest, Echo, UploadReply } from './messages.js';

/** The messages of bench.proto by hand, for the peers that know bytes only. All fields are expected to be there. */

/** Reads a varint of up to 32 bits; `end` is the offset behind it. */
export function readVarint(bytes: Uint8Array, at: number): { value: number; end: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value: value >>> 0, end: at };
  }
}

/** A varint of five bytes, the upper ones zero where they are not needed. */
function paddedVarint(value: number): number[] {
  return [0, 7, 14, 21, 28].map((shift) => ((value >>> shift) & 0x7f) | (shift < 28 ? 0x80 : 0));
}

function fixed32(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
}

function readFixed32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

/** The value of an encoded Echo. */
export function echoValue(bytes: Uint8Array): number {
  return readFixed32(bytes, 1);
}

/** The body of an encoded Echo, as a view. */
export function echoBody(bytes: Uint8Array): Uint8Array {
  const { value, end } = readVarint(bytes, 6);
  return bytes.subarray(end, end + value);
}

/** bench.v1.Echo; the body is a view. */
export function decodeEcho(bytes: Uint8Array): Echo {
  return { value: echoValue(bytes), body: echoBody(bytes) };
}

/** Varint and fixed32 fields by their numbers. */
function decodeNumbers(bytes: Uint8Array): number[] {
  const fields: number[] = [0, 0, 0, 0];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at++] as number;
    if ((tag & 7) === 5) {
      fields[tag >> 3] = readFixed32(bytes, at);
      at += 4;
    } else {
      const { value, end } = readVarint(bytes, at);
      fields[tag >> 3] = value;
      at = end;
    }
  }
  return fields;
}

/** bench.v1.DownloadRequest. */
export function decodeDownloadRequest(bytes: Uint8Array): DownloadRequest {
  const [, count = 0, size = 0, first = 0] = decodeNumbers(bytes);
  return { count, bytes: size, first };
}

/** bench.v1.DownloadRequest. */
export function encodeDownloadRequest({ count, bytes, first }: DownloadRequest): Uint8Array {
  return Uint8Array.from([0x08, ...paddedVarint(count), 0x10, ...paddedVarint(bytes), 0x1d, ...fixed32(first)]);
}

/** bench.v1.UploadReply. */
export function decodeUploadReply(reply: Uint8Array): UploadReply {
  const [, count = 0, sum = 0, bytes = 0] = decodeNumbers(reply);
  return { count, sum, bytes };
}

/** bench.v1.UploadReply. */
export function encodeUploadReply({ count, sum, bytes }: UploadReply): Uint8Array {
  return Uint8Array.from([0x08, ...paddedVarint(count), 0x15, ...fixed32(sum), 0x18, ...paddedVarint(bytes)]);
}
