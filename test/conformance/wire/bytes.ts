import { encodeFields, type Field } from './protobuf.js';
import { encodeRequest, encodeResponse, type RequestSpec, type ResponseSpec } from './envelope.js';

/**
 * Bytes as data: a description that survives JSON, from which `toBytes` makes the bytes.
 * A case names what it means (`{ request: … }`) where the meaning matters, and raw bytes (`{ hex: … }`) where they do.
 */
export type Bytes =
  /** Hexadecimal digits; blanks are ignored. */
  | { hex: string }
  /** The UTF-8 bytes of a text. */
  | { text: string }
  /** The byte `fill`, `length` times. */
  | { fill: number; length: number }
  /** Several pieces, one after the other. */
  | { join: Bytes[] }
  /** One piece, `times` times. */
  | { repeat: Bytes; times: number }
  /** A protobuf message, field by field, in the order given. */
  | { message: Field[] }
  /** A request envelope (PROTOCOL.md, "Envelope"). */
  | { request: RequestSpec }
  /** A response envelope (PROTOCOL.md, "Envelope"). */
  | { response: ResponseSpec };

export const NO_BYTES: Bytes = { hex: '' };

/** The bytes that a description stands for. */
export function toBytes(spec: Bytes): Buffer {
  if ('hex' in spec) {
    const digits = spec.hex.replaceAll(/\s/g, '');
    const bytes = Buffer.from(digits, 'hex');
    if (bytes.length * 2 !== digits.length) throw new Error(`not hexadecimal bytes: "${spec.hex}"`);
    return bytes;
  }
  if ('text' in spec) return Buffer.from(spec.text, 'utf8');
  if ('fill' in spec) return Buffer.alloc(spec.length, spec.fill);
  if ('join' in spec) return Buffer.concat(spec.join.map(toBytes));
  if ('repeat' in spec) {
    const piece = toBytes(spec.repeat);
    const all = Buffer.alloc(piece.length * spec.times);
    if (piece.length > 0) all.fill(piece);
    return all;
  }
  if ('message' in spec) return encodeFields(spec.message);
  if ('request' in spec) return encodeRequest(spec.request);
  return encodeResponse(spec.response);
}

/** A few bytes for a report: all of them in hexadecimal when they are few, else the first ones and the number. */
export function showBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'none';
  const shown = Buffer.from(bytes.subarray(0, 40)).toString('hex');
  return bytes.length <= 40 ? shown : `${shown}… (${bytes.length} bytes)`;
}
