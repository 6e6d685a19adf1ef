import type protobuf from 'protobufjs';
import { ANY, typeNameOf } from '../../schema/codec/well-known-types.js';
import { enumOf, keyTypeOf, messageTypeOf, nameOf } from '../../schema/codec/reflection.js';
import { maskOfPaths } from './field-mask.js';
import { hasOwnJsonForm, type FindType } from './from-json.js';
import { JsonMismatch, mismatch } from './json-mismatch.js';
import { isExtension, jsonNameOf } from './names.js';
import { ownProperty, setOwnProperty } from './own-property.js';
import { shortestFloat } from './shortest-float.js';
import {
  DURATION_RANGE,
  durationText,
  isDuration,
  isTimestamp,
  TIMESTAMP_RANGE,
  timestampText,
  type Time,
} from './times.js';

/** Unpacks the message of a google.protobuf.Any. */
export interface AnyUnpacker {
  find: FindType;
  decode(type: protobuf.Type, bytes: Uint8Array): unknown;
}

type Message = Readonly<Record<string, unknown>>;

/** So many google.protobuf.Any may be within each other: each begins to count the levels of its message anew. */
export const MAX_NESTED_ANY = 32;

/**
 * The ProtoJSON form of a message of `type`, as our codecs decode it with `longs: String`. `emitDefaults` adds fields that
 * were not sent, except messages and members of oneofs. A google.protobuf.Any of an unknown type keeps its bytes, as
 * `@type` and `@value` in base64.
 * @throws JsonMismatch with the path of a value that has no form in JSON, such as a date after the year 9999
 */
export function messageToJson(type: protobuf.Type, message: unknown, any: AnyUnpacker, emitDefaults: boolean): unknown {
  return new Writer(any, emitDefaults).message(type, message as Message);
}

class Writer {
  /** How many google.protobuf.Any stand around what is written. */
  #depth = 0;

  constructor(
    private readonly any: AnyUnpacker,
    private readonly emitDefaults: boolean,
  ) {}

  message(type: protobuf.Type, message: Message): unknown {
    if (hasOwnJsonForm(type)) return this.#special(type, message);
    const json: Record<string, unknown> = {};
    for (const field of type.fieldsArray) {
      field.resolve();
      const value = ownProperty(message, field.name);
      if (value === undefined || value === null) {
        if (this.emitDefaults && isEmitted(field)) setOwnProperty(json, jsonNameOf(field), defaultOf(field));
        continue;
      }
      if (!this.emitDefaults && isEmpty(field, value)) continue;
      const name = jsonNameOf(field);
      setOwnProperty(
        json,
        name,
        located(name, () => this.#field(field, value)),
      );
    }
    return json;
  }

  #field(field: protobuf.Field, value: unknown): unknown {
    if (keyTypeOf(field) !== undefined) {
      const entries = Object.entries(value as object);
      return Object.fromEntries(
        entries.map(([key, item]) => [key, located(`[${JSON.stringify(key)}]`, () => this.#single(field, item))]),
      );
    }
    if (!field.repeated) return this.#single(field, value);
    return (value as unknown[]).map((item, index) => located(`[${index}]`, () => this.#single(field, item)));
  }

  #single(field: protobuf.Field, value: unknown): unknown {
    const type = messageTypeOf(field);
    if (type) return this.message(type, value as Message);
    const values = enumOf(field);
    return values ? enumName(values, value as number) : scalar(field.type, value);
  }

  #special(type: protobuf.Type, message: Message): unknown {
    switch (nameOf(type)) {
      case ANY:
        return this.#any(type, message);
      case 'google.protobuf.Timestamp':
        return timestamp(message);
      case 'google.protobuf.Duration':
        return duration(message);
      case 'google.protobuf.FieldMask':
        return mask(message);
      case 'google.protobuf.Struct':
        return struct(message);
      case 'google.protobuf.ListValue':
        return list(message);
      case 'google.protobuf.Value':
        return plainValue(message);
      default: {
        const field = type.fieldsById[1] as protobuf.Field;
        const value = message[field.name];
        return value === undefined ? defaultOf(field) : scalar(field.type, value);
      }
    }
  }

  #any(type: protobuf.Type, message: Message): unknown {
    const url = (message[type.fieldsById[1]?.name ?? 'type_url'] ?? '') as string;
    const bytes = (message[type.fieldsById[2]?.name ?? 'value'] ?? new Uint8Array()) as Uint8Array;
    return url === '' ? {} : this.packed(url, bytes);
  }

  packed(url: string, bytes: Uint8Array): unknown {
    const held = this.any.find(typeNameOf(url));
    if (!held) return { '@type': url, '@value': scalar('bytes', bytes) };
    let json: unknown;
    this.#depth++;
    try {
      if (this.#depth > MAX_NESTED_ANY) throw new RangeError(`more than ${MAX_NESTED_ANY} Any within each other`);
      json = this.message(held, this.any.decode(held, bytes) as Message);
    } catch (error) {
      return { '@type': url, '@value': scalar('bytes', bytes), '@error': (error as { message: string }).message };
    } finally {
      this.#depth--;
    }
    return hasOwnJsonForm(held) ? { '@type': url, value: json } : { '@type': url, ...(json as object) };
  }
}

/** The ProtoJSON form of a detail of a status: the message with its `@type`. */
export function anyToJson(url: string, bytes: Uint8Array, any: AnyUnpacker, emitDefaults: boolean): unknown {
  return new Writer(any, emitDefaults).packed(url, bytes);
}

/** Those whose absence means their default. Extensions are not: a message says nothing of those that it does not have. */
function isEmitted(field: protobuf.Field): boolean {
  if (isExtension(field)) return false;
  if (field.repeated || keyTypeOf(field) !== undefined) return true;
  return !messageTypeOf(field) && !field.partOf && field.hasPresence !== true;
}

function isEmpty(field: protobuf.Field, value: unknown): boolean {
  if (keyTypeOf(field) !== undefined) return Object.keys(value as object).length === 0;
  return field.repeated && (value as unknown[]).length === 0;
}

function defaultOf(field: protobuf.Field): unknown {
  if (keyTypeOf(field) !== undefined) return {};
  if (field.repeated) return [];
  const values = enumOf(field);
  if (values) return enumName(values, Number(field.typeDefault ?? 0));
  if (field.type === 'string' || field.type === 'bytes') return '';
  if (field.type === 'bool') return false;
  return field.type.endsWith('64') ? '0' : 0;
}

function enumName(values: protobuf.Enum, value: number): unknown {
  if (nameOf(values) === 'google.protobuf.NullValue') return null;
  return values.valuesById[value] ?? value;
}

function scalar(type: string, value: unknown): unknown {
  if (type === 'bytes') {
    const bytes = value as Uint8Array;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  }
  if (type.endsWith('64')) return String(value);
  if (typeof value !== 'number') return value;
  if (!Number.isFinite(value)) return String(value);
  return type === 'float' ? shortestFloat(value) : value;
}

function mask(message: Message): string {
  const paths = (message['paths'] ?? []) as string[];
  const text = maskOfPaths(paths);
  if (text === undefined) throw mismatch('', 'paths of fields in snake_case', paths);
  return text;
}

function timestamp(message: Message): string {
  const time = timeOf(message);
  if (!isTimestamp(time)) throw mismatch('', TIMESTAMP_RANGE, message);
  return timestampText(time);
}

function duration(message: Message): string {
  const time = timeOf(message);
  if (!isDuration(time)) throw mismatch('', `${DURATION_RANGE}, its parts of one sign`, message);
  return durationText(time);
}

function timeOf(message: Message): Time {
  return { seconds: Number(message['seconds'] ?? 0), nanos: Number(message['nanos'] ?? 0) };
}

function struct(message: Message): unknown {
  const fields = (message['fields'] ?? {}) as Record<string, Message>;
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, located(key, () => plainValue(value))]));
}

function list(message: Message): unknown {
  return ((message['values'] ?? []) as Message[]).map((value, index) => located(`[${index}]`, () => plainValue(value)));
}

function plainValue(message: Message): unknown {
  if (message['structValue'] !== undefined) return struct(message['structValue'] as Message);
  if (message['listValue'] !== undefined) return list(message['listValue'] as Message);
  const number = message['numberValue'];
  if (typeof number === 'number' && !Number.isFinite(number)) {
    throw new JsonMismatch('', `expected a finite number, got ${number}`);
  }
  const value = message['stringValue'] ?? number ?? message['boolValue'];
  if (value !== undefined) return value;
  if (message['nullValue'] === undefined) throw mismatch('', 'a value of some kind (google.protobuf.Value)', undefined);
  return null;
}

/** Runs `convert`; what does not fit in it is at `place`. */
function located<T>(place: string, convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    throw error instanceof JsonMismatch ? error.within(place) : error;
  }
}
