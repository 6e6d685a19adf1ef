import type protobuf from 'protobufjs';
import { descriptorTypes } from './descriptor-types.js';

/** Descriptors are as deep as types are nested: more is a cycle. */
const MAX_DEPTH = 100;

/** An unknown field as protobuf-es keeps it. */
interface UnknownField {
  readonly no: number;
  readonly wireType: number;
  /** With the length in front where the wire type has one. */
  readonly data: Uint8Array;
}

type Values = Record<string, unknown>;

/**
 * The bytes of a google.protobuf.FileDescriptorSet: those that a view of whatever kind shows, or of a message of
 * protobufjs or protobuf-es, or JSON. Unknown fields are kept: options that files define themselves are such fields.
 * @throws Error for what is no such message
 */
export function bytesOfSet(set: object): Uint8Array {
  if (ArrayBuffer.isView(set)) return Buffer.from(set.buffer, set.byteOffset, set.byteLength);
  const { FileDescriptorSet } = descriptorTypes();
  const message = FileDescriptorSet.fromObject(ownCopy(set, 0) as Values);
  keepUnknown(message, set);
  return FileDescriptorSet.encode(message).finish();
}

/**
 * What was set in a message of whatever library: protobuf-es and protobufjs have defaults on prototypes, which count as
 * set when they are read.
 */
function ownCopy(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new Error(`more than ${MAX_DEPTH} levels of nesting (is it a cycle?)`);
  if (Array.isArray(value)) return value.map((item) => ownCopy(item, depth));
  if (!isObject(value)) return value;
  const copy: Values = {};
  for (const key of Object.keys(value)) {
    // protobuf-es keeps unknown fields and the type's name under names with a `$`.
    if (!key.startsWith('$') && key !== '__proto__') copy[key] = ownCopy(value[key], depth + 1);
  }
  return copy;
}

/** Gives `message`, which was made of `source`, the unknown fields of it and of all that it holds. */
function keepUnknown(message: protobuf.Message, source: object): void {
  const unknown = unknownIn(source as Values);
  if (unknown.length > 0) message.$unknowns = unknown;
  for (const [key, value] of Object.entries(message)) {
    const [inner, from] = [[value].flat(), [(source as Values)[key]].flat()];
    for (const [at, each] of inner.entries()) {
      const original = from[at];
      if (isObject(each) && isObject(original)) keepUnknown(each as unknown as protobuf.Message, original);
    }
  }
}

/** The unknown fields of one message, as the bytes that they came as. */
function unknownIn({ $unknown, $unknowns }: Values): Uint8Array[] {
  // protobufjs has the bytes, where it was told to keep them.
  if (Array.isArray($unknowns)) return $unknowns.filter(isBytes);
  if (!Array.isArray($unknown)) return [];
  return ($unknown as UnknownField[]).map(({ no, wireType, data }) => Buffer.concat([varint(no * 8 + wireType), data]));
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value);
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isBytes(value);
}
