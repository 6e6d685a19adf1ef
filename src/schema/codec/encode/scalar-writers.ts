import type protobuf from 'protobufjs';
import { InvalidValue } from './encode-error.js';
import { halves, splitLong } from '../long-values.js';
import { WireType } from '../../../protocol/wire/wire.js';
import type { WireWriter } from './wire-writer.js';

/** Checks a value and writes it, without a tag. @throws {InvalidValue} */
export type ValueWriter = (writer: WireWriter, value: unknown) => void;

/** How the values of one scalar kind are written. */
export interface ScalarWriter {
  readonly wire: number;
  readonly write: ValueWriter;
  /** Set where a check of its own leads straight to a method of the WireWriter. */
  readonly direct?: DirectWrite;
}

/** Source text for generated code in which `value` is the field's value. */
export interface DirectWrite {
  /** Holds for the values that {@link method} takes as they are. */
  readonly test: string;
  /** Holds, of those, for what is not the kind's zero. */
  readonly isSet: string;
  readonly method: 'int32' | 'sint32' | 'uint32' | 'fixed32' | 'double' | 'bool' | 'string';
}

const INT32 = "typeof value === 'number' && (value | 0) === value";
const UINT32 = "typeof value === 'number' && (value >>> 0) === value";
const NONZERO = 'value !== 0';

const INT32_MIN = -0x8000_0000;
const INT32_MAX = 0x7fff_ffff;
const UINT32_MAX = 0xffff_ffff;

/** What a 32-bit kind takes; `kind` is protobuf's name of it. */
const signed = (kind: string): string => `an integer from ${INT32_MIN} to ${INT32_MAX} (${kind})`;
const unsigned = (kind: string): string => `an integer from 0 to ${UINT32_MAX} (${kind})`;

/** The writers of the scalar kinds, by protobuf's names. */
export const SCALAR_WRITERS: ReadonlyMap<string, ScalarWriter> = new Map<string, ScalarWriter>([
  [
    'int32',
    integers(WireType.Varint, INT32_MIN, INT32_MAX, signed('int32'), (writer, value) => writer.int32(value), {
      test: INT32,
      isSet: NONZERO,
      method: 'int32',
    }),
  ],
  [
    'sint32',
    integers(WireType.Varint, INT32_MIN, INT32_MAX, signed('sint32'), (writer, value) => writer.sint32(value), {
      test: INT32,
      isSet: NONZERO,
      method: 'sint32',
    }),
  ],
  [
    'sfixed32',
    integers(WireType.Fixed32, INT32_MIN, INT32_MAX, signed('sfixed32'), (writer, value) => writer.fixed32(value), {
      test: INT32,
      isSet: NONZERO,
      method: 'fixed32',
    }),
  ],
  [
    'uint32',
    integers(WireType.Varint, 0, UINT32_MAX, unsigned('uint32'), (writer, value) => writer.uint32(value), {
      test: UINT32,
      isSet: NONZERO,
      method: 'uint32',
    }),
  ],
  [
    'fixed32',
    integers(WireType.Fixed32, 0, UINT32_MAX, unsigned('fixed32'), (writer, value) => writer.fixed32(value), {
      test: UINT32,
      isSet: NONZERO,
      method: 'fixed32',
    }),
  ],
  ['int64', longs(WireType.Varint, false, writeVarint64)],
  ['uint64', longs(WireType.Varint, true, writeVarint64)],
  ['sint64', longs(WireType.Varint, false, writeZigzag64)],
  ['fixed64', longs(WireType.Fixed64, true, writeFixed64)],
  ['sfixed64', longs(WireType.Fixed64, false, writeFixed64)],
  ['float', { wire: WireType.Fixed32, write: writeFloat }],
  [
    'double',
    {
      wire: WireType.Fixed64,
      write: writeDouble,
      direct: { test: "typeof value === 'number'", isSet: 'value !== 0 || 1 / value < 0', method: 'double' },
    },
  ],
  [
    'bool',
    {
      wire: WireType.Varint,
      write: writeBool,
      direct: { test: "typeof value === 'boolean'", isSet: 'value', method: 'bool' },
    },
  ],
  [
    'string',
    {
      wire: WireType.Bytes,
      write: writeString,
      direct: { test: "typeof value === 'string'", isSet: "value !== ''", method: 'string' },
    },
  ],
  ['bytes', { wire: WireType.Bytes, write: writeBytes }],
]);

/** The writer of an enum: takes names, and any 32-bit number, since peers may know values that this schema does not. */
export function enumWriter(type: protobuf.Enum): ScalarWriter {
  const numbers = new Map(Object.entries(type.values));
  const expected = `a name of ${type.name} (${[...numbers.keys()].slice(0, 10).join(', ')}) or its number`;
  return {
    wire: WireType.Varint,
    direct: { test: INT32, isSet: NONZERO, method: 'int32' },
    write(writer, value) {
      const number = typeof value === 'string' ? numbers.get(value) : value;
      if (typeof number !== 'number' || (number | 0) !== number) throw new InvalidValue(expected, value);
      writer.int32(number);
    },
  };
}

function integers(
  wire: number,
  min: number,
  max: number,
  expected: string,
  write: (writer: WireWriter, value: number) => void,
  direct: DirectWrite,
): ScalarWriter {
  return {
    wire,
    direct,
    write(writer, value) {
      const number = typeof value === 'number' ? value : integerOf(value);
      // NaN fails every comparison; what has a fraction is not its own floor.
      if (!(number >= min && number <= max) || Math.floor(number) !== number) throw new InvalidValue(expected, value);
      write(writer, number);
    },
  };
}

/** The number that a decimal string or a bigint says, as ProtoJSON has it; NaN for anything else. */
function integerOf(value: unknown): number {
  if (typeof value === 'bigint' || (typeof value === 'string' && /^-?\d{1,10}$/.test(value))) return Number(value);
  return NaN;
}

function longs(wire: number, isUnsigned: boolean, write: (writer: WireWriter) => void): ScalarWriter {
  return {
    wire,
    write(writer, value) {
      splitLong(value, isUnsigned);
      write(writer);
    },
  };
}

function writeVarint64(writer: WireWriter): void {
  writer.varint64(halves.low, halves.high);
}

function writeZigzag64(writer: WireWriter): void {
  const { low, high } = halves;
  const mask = high >> 31;
  writer.varint64(((low << 1) ^ mask) >>> 0, (((high << 1) | (low >>> 31)) ^ mask) >>> 0);
}

function writeFixed64(writer: WireWriter): void {
  writer.fixed64(halves.low, halves.high);
}

function writeDouble(writer: WireWriter, value: unknown): void {
  writer.double(typeof value === 'number' ? value : floatOf(value, 'a number (double)'));
}

function writeFloat(writer: WireWriter, value: unknown): void {
  const number = typeof value === 'number' ? value : floatOf(value, 'a number (float)');
  if (Number.isFinite(number) && !Number.isFinite(Math.fround(number))) {
    throw new InvalidValue('a number that 32 bits can hold (float)', value);
  }
  writer.float(number);
}

/** The number that a string says, as ProtoJSON has it: `NaN` and the infinities are strings there. */
function floatOf(value: unknown, expected: string): number {
  if (typeof value === 'string') {
    const number = Number(value);
    if (value === 'NaN' || (value.trim() !== '' && !Number.isNaN(number))) return number;
  }
  throw new InvalidValue(expected, value);
}

function writeBool(writer: WireWriter, value: unknown): void {
  if (typeof value !== 'boolean') throw new InvalidValue('true or false (bool)', value);
  writer.bool(value);
}

function writeString(writer: WireWriter, value: unknown): void {
  if (typeof value !== 'string') throw new InvalidValue('a string', value);
  writer.string(value);
}

function writeBytes(writer: WireWriter, value: unknown): void {
  writer.bytes(bytesOf(value));
}

const BYTES = 'bytes: a Buffer, Uint8Array or ArrayBuffer, an array of numbers from 0 to 255, or base64';

/** The bytes that a value of a bytes field says. @throws {InvalidValue} */
export function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return fromBase64(value);
  if (ArrayBuffer.isView(value)) {
    // By name, since bytes may come from another realm. Other typed arrays hold numbers, not bytes.
    const tag = Object.prototype.toString.call(value);
    if (tag === '[object Uint8Array]') return value as Uint8Array;
    if (tag === '[object Uint8ClampedArray]' || tag === '[object DataView]') {
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
  } else if (Array.isArray(value)) {
    const bytes = Uint8Array.from(value as number[]);
    for (let i = 0; i < bytes.length; i += 1) {
      if (bytes[i] !== value[i]) throw new InvalidValue('a number from 0 to 255', value[i]).within(`[${i}]`);
    }
    return bytes;
  } else if (/^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value))) {
    return Buffer.from(value as ArrayBuffer);
  }
  throw new InvalidValue(BYTES, value);
}

/** Node's decoder drops what is not base64: the check keeps a plain text from turning into other bytes. */
function fromBase64(text: string): Uint8Array {
  if (!/^[\w+/-]*={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1) throw new InvalidValue(BYTES, text);
  return Buffer.from(text, 'base64');
}
