import type protobuf from 'protobufjs';
import { locate, Misfit } from './encode-error.js';
import { impostorHint } from './impostor.js';
import { ownCode } from './own-code.js';
import { enumOf, fieldsInOrder, keyTypeOf, messageTypeOf, nameOf } from './reflection.js';
import { enumWriter, SCALAR_WRITERS, type ScalarWriter, type ValueWriter } from './scalar-writers.js';
import { Wire } from './wire.js';
import type { WireWriter } from './wire-writer.js';

/** What a message's value is read as. */
export type MessageObject = Record<string, unknown>;

/** Reads one field of a message's value and writes it, tag and all, when it is set. */
type FieldWriter = (writer: WireWriter, message: MessageObject) => void;

/** Gives the encoder of a type that a field refers to. */
export interface EncoderRegistry {
  encoder(type: protobuf.Type): MessageEncoder;
}

/** Turns what the user passed for a well-known type into its fields: a Date into seconds and nanos. */
export type Preparation = (value: object, writer: WireWriter) => object;

/**
 * Checks values of one message type and writes them in one pass, without a copy. What is accepted: the value's own
 * properties and accessors (also inherited ones) under the fields' names; null and undefined mean that a field is not
 * set; other properties are ignored. A field that is set is written, also with its default value, as
 * `@grpc/proto-loader` does.
 */
export class MessageEncoder {
  readonly typeName: string;
  readonly #names: string[] = [];
  readonly #writers: FieldWriter[] = [];
  readonly #oneofs: OneofCheck[] = [];
  readonly #prepare: Preparation | undefined;

  constructor(type: protobuf.Type, prepare?: Preparation) {
    this.typeName = nameOf(type);
    this.#prepare = prepare;
  }

  /** Looks at the fields. Apart from the constructor, since types refer to each other in circles. */
  compile(type: protobuf.Type, registry: EncoderRegistry): void {
    for (const field of fieldsInOrder(type)) {
      this.#names.push(field.name);
      this.#writers.push(fieldWriter(field, registry));
    }
    for (const oneof of type.oneofsArray) {
      if (oneof.fieldsArray.length > 1) this.#oneofs.push(oneofCheck(oneof));
    }
  }

  /** Writes the fields of `value`. Raises a {@link Misfit}. */
  write(writer: WireWriter, value: unknown): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      if ((value === null || value === undefined) && this.#writers.length === 0) return;
      throw new Misfit(`an object (${this.typeName})`, value);
    }
    let message = (this.#prepare === undefined ? value : this.#prepare(value, writer)) as MessageObject;
    if (this.#oneofs.length > 0) message = this.#withOneMember(message);
    const writers = this.#writers;
    const start = writer.pos;
    let at = 0;
    try {
      for (; at < writers.length; at += 1) (writers[at] as FieldWriter)(writer, message);
    } catch (error) {
      throw locate(error, this.#names[at] as string);
    }
    // Nothing found in it: then it must not be something that only looks like an object without fields.
    if (writer.pos === start) this.#refuseImpostor(message);
  }

  /** Checks the oneofs; gives the message to encode. */
  #withOneMember(message: MessageObject): MessageObject {
    for (const check of this.#oneofs) {
      const error = check(message);
      if (error === undefined) continue;
      // A message of protobufjs: what is not set is there all the same, as a default of its prototype.
      if (message['$type'] === undefined || check({ ...message }) !== undefined) throw error;
      return { ...message };
    }
    return message;
  }

  #refuseImpostor(value: MessageObject): void {
    const hint = impostorHint(value, this.#names);
    if (hint !== undefined) throw new Misfit(`an object (${this.typeName})${hint}`, value);
  }
}

function fieldWriter(field: protobuf.Field, registry: EncoderRegistry): FieldWriter {
  const keyType = keyTypeOf(field);
  if (keyType !== undefined) return mapWriter(field, keyType, registry);
  const { wire, write } = valueWriter(field, registry);
  if (field.repeated) {
    const isPackable = wire !== Wire.Bytes && wire !== Wire.StartGroup;
    return isPackable && field.packed ? packedWriter(field, write) : repeatedWriter(field, wire, write);
  }
  if (field.required) return requiredWriter(field, wire, write);
  return singularWriter(field, wire, write);
}

function singularWriter(field: protobuf.Field, wire: number, write: ValueWriter): FieldWriter {
  const { name } = field;
  const tag = tagOf(field, wire);
  if (isObjectMember(name)) {
    return (writer, message) => {
      const value = ownValue(message, name);
      if (value === undefined || value === null) return;
      writer.uint32(tag);
      write(writer, value);
    };
  }
  const source = `(writer, message) => {
    const value = message[${JSON.stringify(name)}];
    if (value === undefined || value === null) return;
    writer.uint32(${tag});
    write(writer, value);
  }`;
  return (
    ownCode<FieldWriter>(source, { write }) ??
    ((writer, message) => {
      const value = message[name];
      if (value === undefined || value === null) return;
      writer.uint32(tag);
      write(writer, value);
    })
  );
}

/** proto2: without a value the default is written, as protobufjs does; a message has none. */
function requiredWriter(field: protobuf.Field, wire: number, write: ValueWriter): FieldWriter {
  const get = getter(field.name);
  const tag = tagOf(field, wire);
  const fallback: unknown = messageTypeOf(field) ? undefined : field.typeDefault;
  return (writer, message) => {
    const value = get(message) ?? fallback;
    if (value === undefined || value === null) throw new Misfit('a value: the field is required', value);
    writer.uint32(tag);
    write(writer, value);
  };
}

function repeatedWriter(field: protobuf.Field, wire: number, write: ValueWriter): FieldWriter {
  const get = getter(field.name);
  const tag = tagOf(field, wire);
  return (writer, message) => {
    const list = listOf(get(message), field.type);
    let at = 0;
    try {
      for (; at < list.length; at += 1) {
        writer.uint32(tag);
        write(writer, list[at]);
      }
    } catch (error) {
      throw locate(error, `[${at}]`);
    }
  };
}

function packedWriter(field: protobuf.Field, write: ValueWriter): FieldWriter {
  const get = getter(field.name);
  const tag = tagOf(field, Wire.Bytes);
  let guess = 1;
  return (writer, message) => {
    const list = listOf(get(message), field.type);
    if (list.length === 0) return;
    const left = guess;
    writer.uint32(tag);
    const lengthAt = writer.openLength(left);
    let at = 0;
    try {
      for (; at < list.length; at += 1) write(writer, list[at]);
    } catch (error) {
      throw locate(error, `[${at}]`);
    }
    guess = writer.closeLength(lengthAt, left);
  };
}

function mapWriter(field: protobuf.Field, keyType: string, registry: EncoderRegistry): FieldWriter {
  const get = getter(field.name);
  const tag = tagOf(field, Wire.Bytes);
  const writeKey = mapKeyWriter(keyType);
  const { wire, write } = valueWriter(field, registry);
  const valueTag = (2 << 3) | wire;
  let guess = 1;
  const writeEntry = (writer: WireWriter, key: unknown, value: unknown): void => {
    const left = guess;
    writer.uint32(tag);
    const lengthAt = writer.openLength(left);
    writeKey(writer, key);
    writer.uint32(valueTag);
    write(writer, value);
    guess = writer.closeLength(lengthAt, left);
  };
  return (writer, message) => {
    const map = get(message);
    if (map === undefined || map === null) return;
    let key: unknown;
    try {
      if (isMap(map)) {
        for (const entry of map) {
          key = entry[0];
          writeEntry(writer, key, entry[1]);
        }
        return;
      }
      if (typeof map !== 'object' || Array.isArray(map)) {
        throw new Misfit(`an object or a Map (map<${keyType}, ${field.type}>)`, map);
      }
      for (const name of Object.keys(map)) {
        key = name;
        writeEntry(writer, name, (map as MessageObject)[name]);
      }
    } catch (error) {
      throw key === undefined ? error : locate(error, `[${describeKey(key)}]`);
    }
  };
}

function describeKey(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key);
  return typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean' ? `${key}` : typeof key;
}

/** Writes a map's key, tag and all. Keys of plain objects are strings whatever their kind. */
function mapKeyWriter(keyType: string): ValueWriter {
  // protobuf allows integers, bool and string as keys, all of them in the table.
  const { wire, write } = SCALAR_WRITERS.get(keyType) as ScalarWriter;
  const keyTag = (1 << 3) | wire;
  return (writer, key) => {
    writer.uint32(keyTag);
    write(writer, keyType === 'bool' ? boolKey(key) : key);
  };
}

function boolKey(key: unknown): unknown {
  return key === 'true' ? true : key === 'false' ? false : key;
}

function isMap(value: NonNullable<unknown>): value is ReadonlyMap<unknown, unknown> {
  if (value instanceof Map) return true;
  // Of another realm: asked for by what only a Map has, before the slow question for its kind.
  return (
    typeof (value as { entries?: unknown }).entries === 'function' &&
    Object.prototype.toString.call(value) === '[object Map]'
  );
}

const NO_ITEMS: readonly unknown[] = [];

/** The items of a repeated field: of an array or typed array as it is, of another iterable in a copy. */
function listOf(value: unknown, kind: string): ArrayLike<unknown> {
  if (value === undefined || value === null) return NO_ITEMS;
  if (Array.isArray(value)) return value as readonly unknown[];
  if (ArrayBuffer.isView(value) && 'length' in value) return value as ArrayLike<unknown> & ArrayBufferView;
  if (typeof value === 'object' && Symbol.iterator in value) return [...(value as Iterable<unknown>)];
  throw new Misfit(`an array or another iterable (repeated ${kind})`, value);
}

/** Gives an error when more than one member is set: the receiver would see one of them. */
type OneofCheck = (message: MessageObject) => Misfit | undefined;

function oneofCheck(oneof: protobuf.OneOf): OneofCheck {
  const names = oneof.fieldsArray.map((field) => field.name);
  const getters = names.map(getter);
  return (message) => {
    let first = -1;
    for (let at = 0; at < getters.length; at += 1) {
      const value = (getters[at] as Getter)(message);
      if (value === undefined || value === null) continue;
      if (first < 0) first = at;
      else
        return new Misfit(`one member of the oneof, not both ${names[first]} and ${names[at]}`, message).within(
          oneof.name,
        );
    }
    return undefined;
  };
}

function valueWriter(field: protobuf.Field, registry: EncoderRegistry): ScalarWriter {
  const type = messageTypeOf(field);
  if (type) {
    const encoder = registry.encoder(type);
    return field.delimited
      ? { wire: Wire.StartGroup, write: groupWriter(encoder, tagOf(field, Wire.EndGroup)) }
      : { wire: Wire.Bytes, write: nestedWriter(encoder) };
  }
  const enumType = enumOf(field);
  // What is neither message nor enum is one of the kinds in the table: the parser has seen to it.
  return enumType ? enumWriter(enumType) : (SCALAR_WRITERS.get(field.type) as ScalarWriter);
}

function nestedWriter(encoder: MessageEncoder): ValueWriter {
  // Messages of one field tend to be of one size: the length is guessed to take as many bytes as the last time.
  let guess = 1;
  return (writer, value) => {
    writer.enter(value);
    // Kept, since a message of the same field may stand inside.
    const left = guess;
    const at = writer.openLength(left);
    encoder.write(writer, value);
    guess = writer.closeLength(at, left);
    writer.leave();
  };
}

function groupWriter(encoder: MessageEncoder, endTag: number): ValueWriter {
  return (writer, value) => {
    writer.enter(value);
    encoder.write(writer, value);
    writer.uint32(endTag);
    writer.leave();
  };
}

function tagOf(field: protobuf.Field, wire: number): number {
  return ((field.id << 3) | wire) >>> 0;
}

/** Reads a property of a message's value. */
type Getter = (message: MessageObject) => unknown;

function getter(name: string): Getter {
  return isObjectMember(name) ? (message) => ownValue(message, name) : (message) => message[name];
}

/** True for the names that every object has: for these only what the user's object or class says counts. */
function isObjectMember(name: string): boolean {
  return name in Object.prototype;
}

function ownValue(message: MessageObject, name: string): unknown {
  if (Object.hasOwn(message, name)) return message[name];
  // On a prototype only an accessor holds data: the rest are methods and Object's own members.
  let owner = Object.getPrototypeOf(message) as object | null;
  for (; owner !== null && !isRootPrototype(owner); owner = Object.getPrototypeOf(owner) as object | null) {
    if (Object.getOwnPropertyDescriptor(owner, name)?.get) return message[name];
  }
  return undefined;
}

/** True for Object.prototype, also of another realm. */
function isRootPrototype(owner: object): boolean {
  return Object.getPrototypeOf(owner) === null && Object.hasOwn(owner, 'hasOwnProperty');
}
