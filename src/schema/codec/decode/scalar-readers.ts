import { Buffer } from 'node:buffer';
import protobuf from 'protobufjs';
import { mayKeep } from '../../../protocol/wire/retain.js';
import { SHORT_BYTES, WireType } from '../../../protocol/wire/wire.js';
import type { LoaderOptions } from '../../sources/loader-options.js';
import { CACHED_LONGS, isNamed, longMaker } from '../long-values.js';
import { isUtf8Checked } from '../reflection.js';
import type { ProtobufReader } from '../../../protocol/wire/protobuf-reader.js';

/** Shared by all: without bytes there is nothing that could be changed. */
const NO_BYTES = Buffer.alloc(0);

/** What a Buffer takes, apart from its bytes, and a 64-bit integer, apart from its place. */
const BUFFER_BYTES = 200;
const LONG_BYTES = 48;

/** Reads one value behind its tag. @throws MalformedMessage */
export type ValueReader = (reader: ProtobufReader) => unknown;

/** How the values of one field are read. */
export interface ScalarReader {
  readonly wire: number;
  readonly read: ValueReader;
}

/** The reader of a scalar field's values, as the options want them. */
export function scalarReader(field: protobuf.Field, options: LoaderOptions): ScalarReader {
  return readerOf(field.type, isUtf8Checked(field), options);
}

/**
 * The reader of a map's keys: JavaScript's property names. (`@grpc/proto-loader` gives 64-bit keys as eight raw
 * characters; here they are decimal.)
 */
export function mapKeyReader(field: protobuf.Field, keyType: string): ScalarReader & { readonly initial: string } {
  const { wire, read } = readerOf(keyType, isUtf8Checked(field), { longs: String });
  const initial = keyType === 'string' ? '' : keyType === 'bool' ? 'false' : '0';
  return { wire, read: (reader) => String(read(reader)), initial };
}

/** The reader of an enum: by number, or by name where `enums: String` wants it and the number has one. */
export function enumReader(type: protobuf.Enum, options: LoaderOptions): ScalarReader {
  if (!isNamed(options.enums, 'String')) return { wire: WireType.Varint, read: (reader) => reader.int32() };
  const names = type.valuesById;
  return {
    wire: WireType.Varint,
    read(reader) {
      const number = reader.int32();
      return names[number] ?? number;
    },
  };
}

function readerOf(type: string, isStrict: boolean, options: LoaderOptions): ScalarReader {
  switch (type) {
    case 'int32':
      return { wire: WireType.Varint, read: (reader) => reader.int32() };
    case 'uint32':
      return { wire: WireType.Varint, read: (reader) => reader.uint32() };
    case 'sint32':
      return { wire: WireType.Varint, read: (reader) => reader.sint32() };
    case 'bool':
      return { wire: WireType.Varint, read: (reader) => reader.bool() };
    case 'fixed32':
      return { wire: WireType.Fixed32, read: (reader) => reader.fixed32() };
    case 'sfixed32':
      return { wire: WireType.Fixed32, read: (reader) => reader.fixed32() | 0 };
    case 'float':
      return { wire: WireType.Fixed32, read: floatReader((reader) => reader.float(), options) };
    case 'double':
      return { wire: WireType.Fixed64, read: floatReader((reader) => reader.double(), options) };
    case 'string':
      return {
        wire: WireType.Bytes,
        read: isStrict ? (reader) => reader.string(true) : (reader) => reader.string(false),
      };
    case 'bytes':
      return { wire: WireType.Bytes, read: bytesReader(options) };
    default:
      return longReader(type, options);
  }
}

function longReader(type: string, { longs }: LoaderOptions): ScalarReader {
  const toValue = longMaker(longs, type === 'uint64' || type === 'fixed64');
  const isLong = !['String', 'Number', 'BigInt'].some((name) => isNamed(longs, name));
  const make: ValueReader = (reader) => {
    if (!isLong || reader.high !== 0 || reader.low >= CACHED_LONGS) reader.made += LONG_BYTES;
    return toValue(reader);
  };
  if (type === 'fixed64' || type === 'sfixed64') {
    return {
      wire: WireType.Fixed64,
      read(reader) {
        reader.fixed64();
        return make(reader);
      },
    };
  }
  if (type === 'sint64') {
    return {
      wire: WireType.Varint,
      read(reader) {
        reader.zigzag64();
        return make(reader);
      },
    };
  }
  return {
    wire: WireType.Varint,
    read(reader) {
      reader.varint64();
      return make(reader);
    },
  };
}

function floatReader(read: (reader: ProtobufReader) => number, { json }: LoaderOptions): ValueReader {
  if (!json) return read;
  return (reader) => {
    const value = read(reader);
    return Number.isFinite(value) ? value : String(value);
  };
}

function bytesReader({ bytes }: LoaderOptions): ValueReader {
  if (isNamed(bytes, 'String')) {
    return (reader) => {
      const stop = reader.length();
      reader.made += (stop - reader.pos) * 2;
      const text = reader.buf.toString('base64', reader.pos, stop);
      reader.pos = stop;
      return text;
    };
  }
  if (isNamed(bytes, 'Array')) {
    return (reader) => {
      const buffer = bufferOf(reader);
      reader.made += buffer.length * 8;
      return [...buffer];
    };
  }
  return bufferOf;
}

/** Makes of a Buffer what the option `bytes` wants. */
export function bytesOption({ bytes }: LoaderOptions): (buffer: Buffer) => unknown {
  if (isNamed(bytes, 'String')) return (buffer) => buffer.toString('base64');
  if (isNamed(bytes, 'Array')) return (buffer) => [...buffer];
  return (buffer) => buffer;
}

/** The bytes as a Buffer: a view, or a copy where a small field would keep a whole read buffer alive. */
function bufferOf(reader: ProtobufReader): Buffer {
  const stop = reader.length();
  const { buf, pos } = reader;
  reader.pos = stop;
  const length = stop - pos;
  if (length === 0) return NO_BYTES;
  reader.made += BUFFER_BYTES + length;
  if (mayKeep(buf, length)) return buf.subarray(pos, stop);
  const copy = Buffer.allocUnsafe(length);
  if (length > SHORT_BYTES) buf.copy(copy, 0, pos, stop);
  else for (let i = 0; i < length; i += 1) copy[i] = buf[pos + i] as number;
  return copy;
}

/** What a field that was not sent is with `defaults`; a function where each message needs one of its own. */
export function defaultMaker(field: protobuf.Field, options: LoaderOptions): unknown {
  const { resolvedType } = field;
  const typeDefault: unknown = field.typeDefault;
  if (resolvedType instanceof protobuf.Enum) {
    const number = typeDefault as number;
    return isNamed(options.enums, 'String') ? resolvedType.valuesById[number] : number;
  }
  if (resolvedType) return null;
  if (field.bytes) {
    const bytes = Buffer.from(typeDefault as ArrayLike<number>);
    const convert = bytesOption(options);
    // Without bytes there is nothing that could be changed.
    if (bytes.length === 0 && convert(NO_BYTES) === NO_BYTES) return NO_BYTES;
    return () => convert(Buffer.from(bytes));
  }
  if (field.long) return longDefault(typeDefault, options);
  if (typeof typeDefault === 'number' && options.json && !Number.isFinite(typeDefault)) return String(typeDefault);
  return typeDefault;
}

function longDefault(typeDefault: unknown, { longs }: LoaderOptions): unknown {
  const { low, high, unsigned } = typeDefault as { low: number; high: number; unsigned: boolean };
  return longMaker(longs, unsigned)({ low: low >>> 0, high: high >>> 0 });
}
