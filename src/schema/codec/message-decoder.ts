import type protobuf from 'protobufjs';
import type { LoaderOptions } from '../loader-options.js';
import type { MessageObject } from './message-encoder.js';
import { ownCode } from './own-code.js';
import { enumOf, fieldsInOrder, keyTypeOf, messageTypeOf, nameOf } from './reflection.js';
import {
  defaultMaker,
  enumReader,
  mapKeyReader,
  scalarReader,
  type ScalarReader,
  type ValueReader,
} from './scalar-readers.js';
import { Wire } from './wire.js';
import { BadBytes, type WireReader } from './wire-reader.js';

/** Reads one field's value, behind its tag, into the message. */
type FieldReader = (reader: WireReader, message: MessageObject) => void;

/** Gives the decoder of a type that a field refers to. */
export interface DecoderRegistry {
  readonly options: LoaderOptions;
  decoder(type: protobuf.Type): MessageDecoder;
}

/** Changes a decoded message of a well-known type: an Any into the message that it holds. */
export type Finish = (message: MessageObject, reader: WireReader) => MessageObject;

/** A default that can be changed: an array, a map, bytes. */
interface FreshDefault {
  readonly name: string;
  readonly make: () => unknown;
}

/** Tags up to this one (field 127) are looked up in an array, those above in a Map. */
const MAX_ARRAY_TAG = 0x3ff;

/**
 * Reads messages of one type into plain objects in one pass: what `@grpc/proto-loader` makes of them with the same
 * options.
 */
export class MessageDecoder {
  readonly typeName: string;
  readonly #byTag: (FieldReader | undefined)[] = [];
  readonly #byHighTag = new Map<number, FieldReader>();
  /** The defaults of all fields that have one: copied at once, which is faster than one by one. */
  readonly #template: MessageObject = {};
  /** Those of them that each message needs for itself. */
  readonly #fresh: FreshDefault[] = [];
  #hasDefaults = false;
  readonly #required: string[] = [];
  readonly #finish: Finish | undefined;

  constructor(type: protobuf.Type, finish?: Finish) {
    this.typeName = nameOf(type);
    this.#finish = finish;
  }

  /** Looks at the fields. Apart from the constructor, since types refer to each other in circles. */
  compile(type: protobuf.Type, registry: DecoderRegistry): void {
    for (const field of fieldsInOrder(type)) {
      for (const [wire, reader] of fieldReaders(field, registry)) this.#add(((field.id << 3) | wire) >>> 0, reader);
      if (field.required) this.#required.push(field.name);
      else this.#addDefault(field, registry.options);
    }
  }

  /** Reads what is left up to `reader.end`. */
  read(reader: WireReader): MessageObject {
    return this.#complete(reader, this.#fields(reader, this.#create(), 0));
  }

  /** A message of which nothing was sent. */
  empty(): MessageObject {
    return this.#create();
  }

  /** Reads what is left up to `reader.end` into `message`, which came earlier: a field that was sent twice is merged. */
  merge(reader: WireReader, message: MessageObject): MessageObject {
    return this.#complete(reader, this.#fields(reader, message, 0));
  }

  /** Reads a group, up to its end tag. */
  readGroup(reader: WireReader, endTag: number): MessageObject {
    return this.#complete(reader, this.#fields(reader, this.#create(), endTag));
  }

  #add(tag: number, reader: FieldReader): void {
    if (tag > MAX_ARRAY_TAG) this.#byHighTag.set(tag, reader);
    else this.#byTag[tag] = reader;
  }

  #addDefault(field: protobuf.Field, options: LoaderOptions): void {
    const { name } = field;
    let value: unknown;
    if (field.map) {
      if (options.objects || options.defaults) value = () => ({});
    } else if (field.repeated) {
      if (options.arrays || options.defaults) value = () => [];
    } else if (options.defaults && !field.partOf) value = defaultMaker(field, options);
    if (value === undefined) return;
    this.#hasDefaults = true;
    this.#template[name] = value;
    if (typeof value === 'function') this.#fresh.push({ name, make: value as () => unknown });
  }

  #create(): MessageObject {
    if (!this.#hasDefaults) return {};
    const message = { ...this.#template };
    const fresh = this.#fresh;
    for (let i = 0; i < fresh.length; i += 1) {
      const { name, make } = fresh[i] as FreshDefault;
      message[name] = make();
    }
    return message;
  }

  #fields(reader: WireReader, message: MessageObject, endTag: number): MessageObject {
    const byTag = this.#byTag;
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      const read = tag <= MAX_ARRAY_TAG ? byTag[tag] : this.#byHighTag.get(tag);
      if (read !== undefined) read(reader, message);
      else if (tag === endTag) return message;
      else reader.skip(tag);
    }
    if (endTag !== 0) throw new BadBytes('a group does not end');
    return message;
  }

  #checkRequired(message: MessageObject): void {
    for (const name of this.#required) {
      if (!Object.hasOwn(message, name)) throw new BadBytes(`required field '${name}' is missing`);
    }
  }

  #complete(reader: WireReader, message: MessageObject): MessageObject {
    if (this.#required.length > 0) this.#checkRequired(message);
    return this.#finish === undefined ? message : this.#finish(message, reader);
  }
}

/** The readers of a field by wire type: a repeated number is read packed and unpacked, whatever the schema says. */
function fieldReaders(field: protobuf.Field, registry: DecoderRegistry): [number, FieldReader][] {
  const keyType = keyTypeOf(field);
  if (keyType !== undefined) return [[Wire.Bytes, mapReader(field, keyType, registry)]];
  const { name } = field;
  const type = messageTypeOf(field);
  if (type && !field.repeated)
    return [[field.delimited ? Wire.StartGroup : Wire.Bytes, messageReader(field, type, registry)]];
  const { wire, read } = valueReader(field, registry);
  if (!field.repeated) return [[wire, withOneof(field, registry.options, singularReader(name, read))]];
  const single: [number, FieldReader] = [wire, repeatedReader(name, read)];
  const isPackable = wire !== Wire.Bytes && wire !== Wire.StartGroup;
  return isPackable ? [single, [Wire.Bytes, packedReader(name, read)]] : [single];
}

function singularReader(name: string, read: ValueReader): FieldReader {
  const source = `(reader, message) => { message[${JSON.stringify(name)}] = read(reader); }`;
  return (
    ownCode<FieldReader>(source, { read }) ??
    ((reader, message) => {
      message[name] = read(reader);
    })
  );
}

/** As the specification wants: a message that was sent twice is merged. */
function messageReader(field: protobuf.Field, type: protobuf.Type, registry: DecoderRegistry): FieldReader {
  const { name } = field;
  const decoder = registry.decoder(type);
  const endTag = ((field.id << 3) | Wire.EndGroup) >>> 0;
  const isGroup = field.delimited;
  return withOneof(field, registry.options, (reader, message) => {
    if (isGroup) message[name] = readGroup(reader, decoder, endTag);
    else if (Object.hasOwn(message, name) && message[name] !== null) {
      message[name] = readNested(reader, decoder, message[name] as MessageObject);
    } else message[name] = readNested(reader, decoder, undefined);
  });
}

function valueReader(field: protobuf.Field, registry: DecoderRegistry): ScalarReader {
  const type = messageTypeOf(field);
  if (type) {
    const decoder = registry.decoder(type);
    const endTag = ((field.id << 3) | Wire.EndGroup) >>> 0;
    return field.delimited
      ? { wire: Wire.StartGroup, read: (reader) => readGroup(reader, decoder, endTag) }
      : { wire: Wire.Bytes, read: (reader) => readNested(reader, decoder, undefined) };
  }
  const enumType = enumOf(field);
  return enumType ? enumReader(enumType, registry.options) : scalarReader(field, registry.options);
}

function readNested(reader: WireReader, decoder: MessageDecoder, earlier: MessageObject | undefined): MessageObject {
  const stop = reader.length();
  const outer = reader.end;
  reader.enter();
  reader.end = stop;
  const message = earlier === undefined ? decoder.read(reader) : decoder.merge(reader, earlier);
  reader.end = outer;
  reader.leave();
  return message;
}

function readGroup(reader: WireReader, decoder: MessageDecoder, endTag: number): MessageObject {
  reader.enter();
  const message = decoder.readGroup(reader, endTag);
  reader.leave();
  return message;
}

function repeatedReader(name: string, read: ValueReader): FieldReader {
  return (reader, message) => {
    listIn(message, name).push(read(reader));
  };
}

function packedReader(name: string, read: ValueReader): FieldReader {
  return (reader, message) => {
    const stop = reader.length();
    const outer = reader.end;
    reader.end = stop;
    // Not even an empty list is made for no values, as elsewhere.
    if (reader.pos < stop) {
      const list = listIn(message, name);
      while (reader.pos < stop) list.push(read(reader));
    }
    reader.end = outer;
  };
}

function listIn(message: MessageObject, name: string): unknown[] {
  const known = message[name];
  // A name of Object's members holds a function before it holds a list.
  if (Array.isArray(known)) return known as unknown[];
  const list: unknown[] = [];
  message[name] = list;
  return list;
}

function mapReader(field: protobuf.Field, keyType: string, registry: DecoderRegistry): FieldReader {
  const { name } = field;
  const keys = mapKeyReader(field, keyType);
  const values = valueReader(field, registry);
  const missing = missingValue(field, registry);
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
      else if (tag === valueTag) value = values.read(reader);
      else reader.skip(tag);
    }
    reader.end = outer;
    if (value === undefined) value = typeof missing === 'function' ? (missing as () => unknown)() : missing;
    const map = Object.hasOwn(message, name) ? (message[name] as MessageObject) : (message[name] = {} as MessageObject);
    put(map, key as string, value);
  };
}

/** What an entry without a value holds. */
function missingValue(field: protobuf.Field, registry: DecoderRegistry): unknown {
  const type = messageTypeOf(field);
  if (!type) return defaultMaker(field, registry.options);
  const decoder = registry.decoder(type);
  return () => decoder.empty();
}

/** A peer chooses the key: `__proto__` must become a property like any other. */
function put(map: MessageObject, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  } else map[key] = value;
}

/** The member of a oneof that comes last counts, and takes the place of one that came before. */
function withOneof(field: protobuf.Field, options: LoaderOptions, read: FieldReader): FieldReader {
  const oneof = field.partOf;
  if (!oneof) return read;
  const { name } = field;
  const others = oneof.fieldsArray.map((member) => member.name).filter((member) => member !== name);
  const virtual = options.oneofs ? oneof.name : undefined;
  return (reader, message) => {
    read(reader, message);
    for (const other of others) if (Object.hasOwn(message, other)) delete message[other];
    if (virtual !== undefined) message[virtual] = name;
  };
}
