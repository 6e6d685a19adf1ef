import { toBytes, type Bytes } from './bytes.js';

/**
 * One field of a protobuf message, as it is to stand on the wire. Nothing is checked and nothing is left out:
 * a zero is written as a zero, a field that stands twice is written twice.
 */
export type Field =
  /** Wire type 0. A decimal number; a negative one is written in ten bytes, as int32 and int64 are. */
  | { field: number; varint: string }
  /** Wire type 2. */
  | { field: number; bytes: Bytes }
  /** Wire type 2 with a length in front that may be a lie. */
  | { field: number; bytes: Bytes; saysLength: number }
  /** Wire type 1; a decimal number. */
  | { field: number; fixed64: string }
  /** Wire type 5; a decimal number. */
  | { field: number; fixed32: string }
  /** A tag alone, with any wire type. */
  | { field: number; tagOnly: number }
  /** Bytes as they are: what no other form can say. */
  | { raw: Bytes };

const U64 = 1n << 64n;

/** A base-128 varint of the two's complement of `value` in 64 bits. */
export function encodeVarint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value < 0n ? value + U64 : value;
  if (rest < 0n || rest >= U64) throw new Error(`${value} does not fit 64 bits`);
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

function tag(field: number, wireType: number): Buffer {
  return encodeVarint((BigInt(field) << 3n) | BigInt(wireType));
}

function encodeField(spec: Field): Buffer {
  if ('raw' in spec) return toBytes(spec.raw);
  if ('varint' in spec) return Buffer.concat([tag(spec.field, 0), encodeVarint(BigInt(spec.varint))]);
  if ('tagOnly' in spec) return tag(spec.field, spec.tagOnly);
  if ('fixed64' in spec) {
    const value = Buffer.alloc(8);
    value.writeBigUInt64LE(BigInt.asUintN(64, BigInt(spec.fixed64)));
    return Buffer.concat([tag(spec.field, 1), value]);
  }
  if ('fixed32' in spec) {
    const value = Buffer.alloc(4);
    value.writeUInt32LE(Number(BigInt.asUintN(32, BigInt(spec.fixed32))));
    return Buffer.concat([tag(spec.field, 5), value]);
  }
  const bytes = toBytes(spec.bytes);
  const length = 'saysLength' in spec ? spec.saysLength : bytes.length;
  return Buffer.concat([tag(spec.field, 2), encodeVarint(BigInt(length)), bytes]);
}

export function encodeFields(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map(encodeField));
}

/** A field as it was read: its number, and a varint's or fixed number's value, or the bytes of wire type 2. */
export interface ReadField {
  readonly field: number;
  readonly wireType: number;
  /** Of wire types 0, 1 and 5, unsigned. */
  readonly value: bigint;
  /** Of wire type 2; empty for the others. */
  readonly bytes: Buffer;
}

const NOTHING = Buffer.alloc(0);

/** Reads a message field by field, strictly: what this refuses a peer must not have sent. */
export function readFields(message: Buffer): ReadField[] {
  let at = 0;
  const fail = (what: string): never => {
    throw new Error(`${what} at byte ${at} of the message ${message.toString('hex').slice(0, 200)}`);
  };
  const varint = (): bigint => {
    let value = 0n;
    for (let n = 0; n < 10; n++) {
      const byte = message[at];
      if (byte === undefined) return fail('a varint is cut off');
      at++;
      value |= BigInt(byte & 0x7f) << BigInt(7 * n);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    return fail('a varint is longer than ten bytes');
  };
  const take = (length: number): Buffer => {
    if (at + length > message.length) fail(`a field of ${length} bytes is cut off`);
    at += length;
    return message.subarray(at - length, at);
  };
  const fields: ReadField[] = [];
  while (at < message.length) {
    const key = varint();
    const field = Number(key >> 3n);
    const wireType = Number(key & 7n);
    if (field === 0) fail('field number 0');
    if (wireType === 0) fields.push({ field, wireType, value: varint(), bytes: NOTHING });
    else if (wireType === 1) fields.push({ field, wireType, value: take(8).readBigUInt64LE(), bytes: NOTHING });
    else if (wireType === 5) fields.push({ field, wireType, value: BigInt(take(4).readUInt32LE()), bytes: NOTHING });
    else if (wireType === 2) fields.push({ field, wireType, value: 0n, bytes: take(Number(varint())) });
    else fail(`wire type ${wireType}`);
  }
  return fields;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of a string field; throws when it is not valid UTF-8. */
export function readText(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}
