import type protobuf from 'protobufjs';
import type { LoaderOptions } from '../../sources/loader-options.js';
import { isDelimited } from '../editions.js';
import type { MessageObject } from '../message-object.js';
import type { DecoderRegistry, NestedDecoder } from './nested-decoder.js';
import { ownCode } from '../own-code.js';
import { enumOf, keyTypeOf, messageTypeOf } from '../reflection.js';
import {
  defaultMaker,
  enumReader,
  mapKeyReader,
  scalarReader,
  type ScalarReader,
  type ValueReader,
} from './scalar-readers.js';
import { WireType } from '../../../protocol/wire/wire.js';
import { BOOK_BYTES, type ProtobufReader } from '../../../protocol/wire/protobuf-reader.js';

/** Reads one field's value, behind its tag, into the message. */
export type FieldReader = (reader: ProtobufReader, message: MessageObject) => void;

/** What an array takes, empty, and an item of it with the room that it grows by. */
const LIST_BYTES = 64;
const ITEM_BYTES = 10;
/** What an entry of a map takes beside its key and value: the properties of a map are a hash table. */
const ENTRY_BYTES = 96;

/** The readers of a field by wire type: a repeated number is read packed and unpacked, whatever the schema says. */
export function fieldReaders(field: protobuf.Field, registry: DecoderRegistry): [number, FieldReader][] {
  const keyType = keyTypeOf(field);
  if (keyType !== undefined) return [[WireType.Bytes, mapReader(field, keyType, registry)]];
  const { name } = field;
  const type = messageTypeOf(field);
  if (type && !field.repeated) return [messageReader(field, type, registry)];
  const { wire, read } = valueReader(field, registry);
  if (!field.repeated) return [[wire, singularReader(field, registry.options, read)]];
  const single: [number, FieldReader] = [wire, repeatedReader(name, read)];
  const isPackable = wire !== WireType.Bytes && wire !== WireType.StartGroup;
  return isPackable ? [single, [WireType.Bytes, packedReader(name, read)]] : [single];
}

/** Reads `reader.buf[reader.pos, stop)`, a message within another, into the one that came earlier if there is one. */
export function readInPlace(
  reader: ProtobufReader,
  decoder: NestedDecoder,
  stop: number,
  earlier: MessageObject | undefined,
): MessageObject {
  const outer = reader.end;
  reader.enter();
  reader.end = stop;
  const message = earlier === undefined ? decoder.read(reader) : decoder.merge(reader, earlier);
  reader.end = outer;
  reader.leave();
  return message;
}

function singularReader(field: protobuf.Field, options: LoaderOptions, read: ValueReader): FieldReader {
  const { name } = field;
  const oneof = oneofOf(field, options);
  const source = `(reader, message) => { message[${JSON.stringify(name)}] = read(reader); ${oneof.source} }`;
  return (
    ownCode<FieldReader>(source, { read, hasOwn: Object.hasOwn }) ??
    ((reader, message) => {
      message[name] = read(reader);
      oneof.settle(message);
    })
  );
}

/** As the specification wants: a message that was sent twice is merged. */
function messageReader(field: protobuf.Field, type: protobuf.Type, registry: DecoderRegistry): [number, FieldReader] {
  const { name } = field;
  const { wire, read } = messageValueReader(field, registry.decoder(type));
  const oneof = oneofOf(field, registry.options);
  const key = JSON.stringify(name);
  // A name of Object's members holds a function before it holds a message.
  const earlier =
    name in Object.prototype ? `hasOwn(message, ${key}) ? message[${key}] : undefined` : `message[${key}]`;
  const source = `(reader, message) => {
    message[${key}] = read(reader, (${earlier}) ?? undefined);
    ${oneof.source}
  }`;
  const own = ownCode<FieldReader>(source, { read, hasOwn: Object.hasOwn });
  if (own) return [wire, own];
  return [
    wire,
    (reader, message) => {
      const known = Object.hasOwn(message, name) ? (message[name] as MessageObject | null) : undefined;
      message[name] = read(reader, known ?? undefined);
      oneof.settle(message);
    },
  ];
}

/** Reads a message into the one that came earlier if there is one. */
type MessageReader = (reader: ProtobufReader, earlier: MessageObject | undefined) => MessageObject;

function messageValueReader(field: protobuf.Field, decoder: NestedDecoder): { wire: number; read: MessageReader } {
  // Entries of maps have lengths whatever the file says of its messages.
  if (field.map || !isDelimited(field)) {
    return { wire: WireType.Bytes, read: (reader, earlier) => readInPlace(reader, decoder, reader.length(), earlier) };
  }
  const endTag = ((field.id << 3) | WireType.EndGroup) >>> 0;
  return {
    wire: WireType.StartGroup,
    read(reader, earlier) {
      reader.enter();
      const message = decoder.readGroup(reader, endTag, earlier);
      reader.leave();
      return message;
    },
  };
}

function valueReader(field: protobuf.Field, registry: DecoderRegistry): ScalarReader {
  const type = messageTypeOf(field);
  if (type) {
    const { wire, read } = messageValueReader(field, registry.decoder(type));
    return { wire, read: (reader) => read(reader, undefined) };
  }
  const enumType = enumOf(field);
  return enumType ? enumReader(enumType, registry.options) : scalarReader(field, registry.options);
}

function repeatedReader(name: string, read: ValueReader): FieldReader {
  if (!(name in Object.prototype)) {
    const key = JSON.stringify(name);
    const source = `(reader, message) => {
      const value = read(reader);
      const list = message[${key}];
      if (list === undefined) {
        reader.made += ${LIST_BYTES};
        message[${key}] = [value];
      } else list.push(value);
    }`;
    const own = ownCode<FieldReader>(source, { read });
    if (own) return own;
  }
  return (reader, message) => {
    const value = read(reader);
    listIn(reader, message, name).push(value);
  };
}

function packedReader(name: string, read: ValueReader): FieldReader {
  return (reader, message) => {
    const stop = reader.length();
    const outer = reader.end;
    reader.end = stop;
    // Not even an empty list is made for no values, as elsewhere.
    if (reader.pos < stop) {
      const list = listIn(reader, message, name);
      while (reader.pos < stop) {
        list.push(read(reader));
        if ((reader.made += ITEM_BYTES) > BOOK_BYTES) reader.book();
      }
    }
    reader.end = outer;
  };
}

function listIn(reader: ProtobufReader, message: MessageObject, name: string): unknown[] {
  const known = message[name];
  // A name of Object's members holds a function before it holds a list.
  if (Array.isArray(known)) return known as unknown[];
  reader.made += LIST_BYTES;
  const list: unknown[] = [];
  message[name] = list;
  return list;
}

function mapReader(field: protobuf.Field, keyType: string, registry: DecoderRegistry): FieldReader {
  const { name } = field;
  const keys = mapKeyReader(field, keyType);
  const values = entryValue(field, registry);
  const keyTag = (1 << 3) | keys.wire;
  const valueTag = (2 << 3) | values.wire;
  return (reader, message) => {
    const stop = reader.length();
    const outer = reader.end;
    reader.end = stop;
    let key: unknown = keys.initial;
    let value: unknown;
    while (reader.pos < stop) {
      const tag = reader.tag();
      if (tag === keyTag) key = keys.read(reader);
      else if (tag === valueTag) value = values.read(reader, value as MessageObject | undefined);
      else reader.skip(tag);
    }
    reader.end = outer;
    if (value === undefined) value = values.missing(reader);
    reader.made += ENTRY_BYTES;
    const map = Object.hasOwn(message, name) ? (message[name] as MessageObject) : (message[name] = {} as MessageObject);
    put(map, key as string, value);
  };
}

interface EntryValue {
  readonly wire: number;
  /** A message that comes twice in one entry is merged, of other values the last one counts. */
  read(reader: ProtobufReader, earlier: MessageObject | undefined): unknown;
  /** What an entry without a value holds. */
  missing(reader: ProtobufReader): unknown;
}

function entryValue(field: protobuf.Field, registry: DecoderRegistry): EntryValue {
  const type = messageTypeOf(field);
  if (!type) {
    const missing = defaultMaker(field, registry.options);
    return {
      ...valueReader(field, registry),
      missing: typeof missing === 'function' ? (missing as () => unknown) : () => missing,
    };
  }
  const decoder = registry.decoder(type);
  return { ...messageValueReader(field, decoder), missing: (reader) => decoder.empty(reader) };
}

/** A peer chooses the key: `__proto__` must become a property like any other. */
function put(map: MessageObject, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  } else map[key] = value;
}

/** What is left to do in a message behind a member of a oneof, as text of a program and as a function. */
interface Oneof {
  readonly source: string;
  settle(message: MessageObject): void;
}

const NO_ONEOF: Oneof = { source: '', settle: () => undefined };

/** The member of a oneof that comes last counts, and takes the place of one that came before. */
function oneofOf(field: protobuf.Field, options: LoaderOptions): Oneof {
  const oneof = field.partOf;
  if (!oneof) return NO_ONEOF;
  const { name } = field;
  const others = oneof.fieldsArray.map((member) => member.name).filter((member) => member !== name);
  const virtual = options.oneofs ? oneof.name : undefined;
  const lines = others.map((other) => {
    const key = JSON.stringify(other);
    const isSet = other in Object.prototype ? `hasOwn(message, ${key})` : `message[${key}] !== undefined`;
    return `if (${isSet}) delete message[${key}];`;
  });
  if (virtual !== undefined) lines.push(`message[${JSON.stringify(virtual)}] = ${JSON.stringify(name)};`);
  return {
    source: lines.join('\n'),
    settle(message) {
      for (const other of others) if (Object.hasOwn(message, other)) delete message[other];
      if (virtual !== undefined) message[virtual] = name;
    },
  };
}
