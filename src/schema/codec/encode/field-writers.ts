import type protobuf from 'protobufjs';
import { locate, InvalidValue } from './encode-error.js';
import { isDelimited } from '../editions.js';
import type { MessageObject } from '../message-object.js';
import type { EncoderRegistry, FieldPlan, NestedEncoder } from './field-plan.js';
import { enumOf, keyTypeOf, messageTypeOf } from '../reflection.js';
import { bytesOf, enumWriter, SCALAR_WRITERS, type ScalarWriter, type ValueWriter } from './scalar-writers.js';
import { WireType } from '../../../protocol/wire/wire.js';
import type { WireWriter } from './wire-writer.js';

/** How `field` is written. `inMessageSet` is true for the extensions of a MessageSet. */
export function planOf(field: protobuf.Field, inMessageSet: boolean, registry: EncoderRegistry): FieldPlan {
  const { name } = field;
  const plan = (write: ValueWriter): FieldPlan => ({ name, write, isRequired: false });
  const keyType = keyTypeOf(field);
  if (keyType !== undefined) return plan(mapWriter(field, keyType, registry));
  const type = messageTypeOf(field);
  if (inMessageSet && type && !field.repeated) return plan(itemWriter(field.id, nestedWriter(type, registry)));
  const scalar = valueWriter(field, registry);
  const { wire, write } = scalar;
  if (field.repeated) {
    const isPackable = wire !== WireType.Bytes && wire !== WireType.StartGroup;
    return plan(isPackable && field.packed ? packedWriter(field, write) : repeatedWriter(field, wire, write));
  }
  const tag = tagOf(field, wire);
  if (field.required) return { name, write: requiredWriter(field, tag, write), isRequired: true };
  const tagged = taggedWriter(tag, write);
  if (type) return plan(tagged);
  const hasPresence = Boolean(field.hasPresence);
  const general = hasPresence
    ? tagged
    : wire === WireType.Bytes
      ? filledWriter(field, tagged)
      : nonzeroWriter(tag, write);
  return { name, write: general, isRequired: false, inline: { tag, scalar, hasPresence } };
}

function taggedWriter(tag: number, write: ValueWriter): ValueWriter {
  return (writer, value) => {
    writer.uint32(tag);
    write(writer, value);
  };
}

/** A string or bytes without presence: what is empty is not written, as protobuf asks. */
function filledWriter(field: protobuf.Field, tagged: ValueWriter): ValueWriter {
  if (field.type === 'string') return (writer, value) => void (value === '' || tagged(writer, value));
  return (writer, value) => {
    const bytes = bytesOf(value);
    if (bytes.length > 0) tagged(writer, bytes);
  };
}

/** A number, bool or enum without presence. What forms zero has is the writer's business: it is taken back. */
function nonzeroWriter(tag: number, write: ValueWriter): ValueWriter {
  return (writer, value) => {
    const start = writer.pos;
    writer.uint32(tag);
    const at = writer.pos;
    write(writer, value);
    for (let i = at; i < writer.pos; i += 1) if (writer.buf[i] !== 0) return;
    writer.pos = start;
  };
}

/** proto2: without a value the default is written, as protobufjs does; a message has none. */
function requiredWriter(field: protobuf.Field, tag: number, write: ValueWriter): ValueWriter {
  const fallback: unknown = messageTypeOf(field) ? undefined : field.typeDefault;
  return (writer, given) => {
    const value = given ?? fallback;
    if (value === undefined || value === null) throw new InvalidValue('a value: the field is required', value);
    writer.uint32(tag);
    write(writer, value);
  };
}

const ITEM_START = (1 << 3) | WireType.StartGroup;
const ITEM_END = (1 << 3) | WireType.EndGroup;
const ITEM_TYPE_ID = (2 << 3) | WireType.Varint;
const ITEM_MESSAGE = (3 << 3) | WireType.Bytes;

/** An extension of a MessageSet: `repeated group Item = 1 { int32 type_id = 2; bytes message = 3; }`. */
function itemWriter(id: number, write: ValueWriter): ValueWriter {
  return (writer, value) => {
    writer.uint32(ITEM_START);
    writer.uint32(ITEM_TYPE_ID);
    writer.uint32(id);
    writer.uint32(ITEM_MESSAGE);
    write(writer, value);
    writer.uint32(ITEM_END);
  };
}

function repeatedWriter(field: protobuf.Field, wire: number, write: ValueWriter): ValueWriter {
  const tag = tagOf(field, wire);
  return (writer, value) => {
    const list = listOf(value, field.type);
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

function packedWriter(field: protobuf.Field, write: ValueWriter): ValueWriter {
  const tag = tagOf(field, WireType.Bytes);
  let guess = 1;
  return (writer, value) => {
    const list = listOf(value, field.type);
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

function mapWriter(field: protobuf.Field, keyType: string, registry: EncoderRegistry): ValueWriter {
  const tag = tagOf(field, WireType.Bytes);
  const writeKey = mapKeyWriter(keyType);
  const { wire, write } = lengthPrefixed(field, registry);
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
  return (writer, map) => {
    let key: unknown;
    try {
      if (isMap(map as NonNullable<unknown>)) {
        for (const entry of map as ReadonlyMap<unknown, unknown>) {
          key = entry[0];
          writeEntry(writer, key, entry[1]);
        }
        return;
      }
      if (typeof map !== 'object' || Array.isArray(map)) {
        throw new InvalidValue(`an object or a Map (map<${keyType}, ${field.type}>)`, map);
      }
      for (const name of Object.keys(map as object)) {
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
  throw new InvalidValue(`an array or another iterable (repeated ${kind})`, value);
}

function valueWriter(field: protobuf.Field, registry: EncoderRegistry): ScalarWriter {
  const type = messageTypeOf(field);
  if (!type || !isDelimited(field)) return lengthPrefixed(field, registry);
  return { wire: WireType.StartGroup, write: groupWriter(type, registry, tagOf(field, WireType.EndGroup)) };
}

/** As {@link valueWriter}, for places where messages are never groups: the values of a map. */
function lengthPrefixed(field: protobuf.Field, registry: EncoderRegistry): ScalarWriter {
  const type = messageTypeOf(field);
  if (type) return { wire: WireType.Bytes, write: nestedWriter(type, registry) };
  const enumType = enumOf(field);
  // What is neither message nor enum is one of the kinds in the table: the parser has seen to it.
  return enumType ? enumWriter(enumType) : (SCALAR_WRITERS.get(field.type) as ScalarWriter);
}

/** A type's encoder is asked for with its first message: a large type refers to hundreds of which few are ever sent. */
function nestedWriter(type: protobuf.Type, registry: EncoderRegistry): ValueWriter {
  let encoder: NestedEncoder | undefined;
  // Messages of one field tend to be of one size: the length is guessed to take as many bytes as the last time.
  let guess = 1;
  return (writer, value) => {
    writer.enter(value);
    // Kept, since a message of the same field may stand inside.
    const left = guess;
    const at = writer.openLength(left);
    (encoder ??= registry.encoder(type)).write(writer, value);
    guess = writer.closeLength(at, left);
    writer.leave();
  };
}

function groupWriter(type: protobuf.Type, registry: EncoderRegistry, endTag: number): ValueWriter {
  let encoder: NestedEncoder | undefined;
  return (writer, value) => {
    writer.enter(value);
    (encoder ??= registry.encoder(type)).write(writer, value);
    writer.uint32(endTag);
    writer.leave();
  };
}

function tagOf(field: protobuf.Field, wire: number): number {
  return ((field.id << 3) | wire) >>> 0;
}
