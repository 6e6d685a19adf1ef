import type protobuf from 'protobufjs';
import { ANY, typeNameOf } from '../../schema/codec/well-known-types.js';
import { enumOf, keyTypeOf, messageTypeOf, nameOf } from '../../schema/codec/reflection.js';
import { didYouMean } from '../../protocol/core/suggest.js';
import { exactInteger } from './exact-integer.js';
import { fieldOf, jsonNameOf, jsonNamesOf } from './names.js';
import { JsonMismatch, mismatch, show, within } from './json-mismatch.js';
import { pathsOfMask } from './field-mask.js';
import { DURATION_RANGE, durationOf, isDuration, isTimestamp, TIMESTAMP_RANGE, timestampOf } from './times.js';
import { isWellFormed } from './utf8.js';

export { JsonMismatch };

/** Finds a message type by its qualified name. */
export type FindType = (name: string) => protobuf.Type | undefined;

/** Packs the message of a google.protobuf.Any. */
export interface AnyPacker {
  find: FindType;
  encode(type: protobuf.Type, message: unknown): Uint8Array;
}

const INTEGERS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  sfixed32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sint64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
};

const MAX_DEPTH = 100;

const EMPTY = 'google.protobuf.Empty';

/**
 * Makes a message of `type` from its ProtoJSON form, as our codecs take it.
 * @throws JsonMismatch with the path of the field that does not fit
 */
export function messageFromJson(type: protobuf.Type, json: unknown, any: AnyPacker): unknown {
  return new Reader(any).message(type, json, '', 0);
}

class Reader {
  constructor(private readonly any: AnyPacker) {}

  message(type: protobuf.Type, json: unknown, path: string, depth: number): unknown {
    if (depth > MAX_DEPTH) throw new JsonMismatch(path, `more than ${MAX_DEPTH} messages within each other`);
    const special = specialOf(type);
    if (special) return special.call(this, type, json, path, depth);
    if (!isObject(json)) throw mismatch(path, `an object (${nameOf(type)})`, json);
    const message: Record<string, unknown> = {};
    const seen = new Map<string, string>();
    for (const [key, value] of Object.entries(json)) {
      const field = fieldOf(type, key);
      if (!field) throw this.#unknown(type, key, path);
      const place = within(path, key);
      const name = field.partOf && !field.partOf.isProto3Optional ? `oneof ${field.partOf.name}` : field.name;
      if (value === null && isAbsentByNull(field)) continue;
      const other = seen.get(name);
      if (other !== undefined) {
        throw new JsonMismatch(
          place,
          other === key ? 'given twice' : `given beside '${other}': only one of them may be`,
        );
      }
      seen.set(name, key);
      message[field.name] = this.#field(field, value, place, depth);
    }
    const missing = type.fieldsArray.find((field) => field.required && !Object.hasOwn(message, field.name));
    if (missing) throw mismatch(within(path, jsonNameOf(missing)), `a value: ${nameOf(type)} requires it`, undefined);
    return message;
  }

  #field(field: protobuf.Field, value: unknown, path: string, depth: number): unknown {
    field.resolve();
    const keyType = keyTypeOf(field);
    if (keyType !== undefined) {
      if (!isObject(value)) throw mismatch(path, 'an object (a map)', value);
      const entries = new Map<string, unknown>();
      for (const [given, item] of Object.entries(value)) {
        const place = `${path}[${JSON.stringify(given)}]`;
        const key = this.#mapKey(keyType, given, place);
        if (entries.has(key)) throw new JsonMismatch(place, `given twice, also as ${JSON.stringify(key)}`);
        entries.set(key, this.#single(field, item, place, depth));
      }
      return Object.fromEntries(entries);
    }
    if (!field.repeated) return this.#single(field, value, path, depth);
    if (!Array.isArray(value)) throw mismatch(path, 'an array', value);
    return value.map((item, index) => {
      const place = `${path}[${index}]`;
      if (item === null && !takesNull(field)) throw mismatch(place, 'a value', null);
      return this.#single(field, item, place, depth);
    });
  }

  #single(field: protobuf.Field, value: unknown, path: string, depth: number): unknown {
    const type = messageTypeOf(field);
    if (type) return this.message(type, value, path, depth + 1);
    const values = enumOf(field);
    return values ? enumNumber(values, value, path) : scalar(field.type, value, path);
  }

  #mapKey(type: string, key: string, path: string): string {
    if (type === 'string') return stringOf(key, path);
    if (type === 'bool') {
      if (key === 'true' || key === 'false') return key;
      throw mismatch(path, "the key 'true' or 'false'", key);
    }
    return String(scalar(type, key, path));
  }

  #unknown(type: protobuf.Type, key: string, path: string): JsonMismatch {
    const names = jsonNamesOf(type);
    const known = names.length === 0 ? 'it has no fields' : `it has ${names.join(', ')}`;
    return new JsonMismatch(within(path, key), `${nameOf(type)} has no such field: ${known}.${didYouMean(key, names)}`);
  }

  /** google.protobuf.Any: the message with its `@type` beside its fields, or in `value` for the well-known types. */
  unpackedAny(type: protobuf.Type, json: unknown, path: string, depth: number): unknown {
    if (!isObject(json)) throw mismatch(path, 'an object with @type', json);
    const { '@type': url, ...fields } = json;
    if (url === undefined && Object.keys(fields).length === 0) return {};
    if (typeof url !== 'string') throw mismatch(within(path, '@type'), 'a type URL', url);
    const name = typeNameOf(url);
    const held = this.any.find(name);
    if (!held) throw new JsonMismatch(within(path, '@type'), `message type '${name}' is not in the schema`);
    // Go's protojson has written an Empty in both ways.
    const isWrapped = hasOwnJsonForm(held) || (name === EMPTY && Object.hasOwn(fields, 'value'));
    const unknown = isWrapped ? Object.keys(fields).find((key) => key !== 'value') : undefined;
    if (unknown !== undefined) {
      const place = within(path, unknown);
      throw new JsonMismatch(place, `beside @type an Any of ${name} has 'value' and nothing else`);
    }
    const message = this.message(
      held,
      isWrapped ? fields['value'] : fields,
      isWrapped ? within(path, 'value') : path,
      depth + 1,
    );
    const [urlField, valueField] = [type.fieldsById[1]?.name ?? 'type_url', type.fieldsById[2]?.name ?? 'value'];
    return { [urlField]: stringOf(url, within(path, '@type')), [valueField]: this.any.encode(held, message) };
  }
}

type Special = (this: Reader, type: protobuf.Type, json: unknown, path: string, depth: number) => unknown;

const wrapper: Special = function (type, json, path) {
  const field = type.fieldsById[1];
  return { value: scalar(field?.type ?? 'string', json, path) };
};

/** The messages whose JSON form is not an object of their fields. */
const SPECIAL: Readonly<Record<string, Special | undefined>> = {
  [ANY](type, json, path, depth) {
    return this.unpackedAny(type, json, path, depth);
  },
  'google.protobuf.Timestamp': (_type, json, path) => timestamp(json, path),
  'google.protobuf.Duration': (_type, json, path) => duration(json, path),
  'google.protobuf.FieldMask': (_type, json, path) => {
    if (typeof json !== 'string') throw mismatch(path, 'a string of paths, separated by commas', json);
    const paths = pathsOfMask(stringOf(json, path));
    if (!paths) throw mismatch(path, 'paths of fields in lowerCamelCase, separated by commas', json);
    return { paths };
  },
  'google.protobuf.Struct': (_type, json, path) => structOf(json, path),
  'google.protobuf.ListValue': (_type, json, path) => listOf(json, path),
  'google.protobuf.Value': (_type, json, path) => valueOf(json, path),
  ...Object.fromEntries(
    ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map((name) => [
      `google.protobuf.${name}Value`,
      wrapper,
    ]),
  ),
};

/** True for messages whose JSON form is not an object of their fields. */
export function hasOwnJsonForm(type: protobuf.Type): boolean {
  return specialOf(type) !== undefined;
}

/** A message may be named `constructor`. */
function specialOf(type: protobuf.Type): Special | undefined {
  const name = nameOf(type);
  return Object.hasOwn(SPECIAL, name) ? SPECIAL[name] : undefined;
}

function enumNumber(values: protobuf.Enum, value: unknown, path: string): number {
  if (value === null && nameOf(values) === 'google.protobuf.NullValue') return 0;
  const names = Object.keys(values.values);
  if (typeof value === 'string') {
    const number = Object.hasOwn(values.values, value) ? values.values[value] : undefined;
    if (number !== undefined) return number;
    throw new JsonMismatch(
      path,
      `expected ${names.join(', ')} (${nameOf(values)}), got ${show(value)}.${didYouMean(value, names)}`,
    );
  }
  if (typeof value === 'number' && value === (value | 0)) return value;
  throw mismatch(path, `${names.join(', ')} (${nameOf(values)}), or a number`, value);
}

function scalar(type: string, value: unknown, path: string): unknown {
  const range = INTEGERS[type];
  if (range) return integer(type, range, value, path);
  switch (type) {
    case 'bool':
      if (typeof value === 'boolean') return value;
      throw mismatch(path, 'true or false', value);
    case 'string':
      return stringOf(value, path);
    case 'bytes':
      return base64(value, path);
    default:
      return float(type, value, path);
  }
}

function stringOf(value: unknown, path: string): string {
  if (typeof value !== 'string') throw mismatch(path, 'a string', value);
  if (!isWellFormed(value)) throw mismatch(path, 'a string of valid Unicode, in UTF-8', value);
  return value;
}

function integer(type: string, [min, max]: readonly [bigint, bigint], value: unknown, path: string): number | string {
  const isWide = type.endsWith('64');
  // The parser keeps all integers as large as that.
  const isRounded = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  if (isWide && isRounded && Math.abs(value) < 2 ** 64) {
    throw new JsonMismatch(path, `expected an integer (${type}), got a number with a fraction, near ${value}`);
  }
  const exact = exactIntegerOf(value);
  if (exact === undefined) throw mismatch(path, `an integer (${type})`, value);
  if (exact < min || exact > max) throw mismatch(path, `an integer from ${min} to ${max} (${type})`, value);
  return isWide ? String(exact) : Number(exact);
}

function exactIntegerOf(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'string') return exactInteger(value);
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;
}

/** What a number is in a string, as in JSON itself; beside it only three words are numbers. */
const DECIMAL = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i;

function float(type: string, value: unknown, path: string): number {
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  if (!isNumber && (typeof value !== 'string' || !DECIMAL.test(value))) {
    throw mismatch(path, `a number, "NaN", "Infinity" or "-Infinity" (${type})`, value);
  }
  const number = Number(value);
  // JSON.parse makes Infinity of a number that is too large.
  if (Number.isFinite(type === 'float' ? Math.fround(number) : number)) return number;
  throw mismatch(path, `a number in the range of a ${type}`, value);
}

function base64(value: unknown, path: string): Buffer {
  if (
    typeof value === 'string' &&
    /^[A-Za-z0-9+/_-]*={0,2}$/.test(value) &&
    value.replace(/=+$/, '').length % 4 !== 1
  ) {
    return Buffer.from(value, 'base64');
  }
  throw mismatch(path, 'bytes in base64', value);
}

function timestamp(json: unknown, path: string): object {
  const time = typeof json === 'string' ? timestampOf(json) : undefined;
  if (!time) throw mismatch(path, 'a time such as "2026-01-31T12:00:00Z"', json);
  if (!isTimestamp(time)) throw mismatch(path, TIMESTAMP_RANGE, json);
  return { seconds: String(time.seconds), nanos: time.nanos };
}

function duration(json: unknown, path: string): object {
  const time = typeof json === 'string' ? durationOf(json) : undefined;
  if (!time) throw mismatch(path, 'a duration such as "1.5s"', json);
  if (!isDuration(time)) throw mismatch(path, DURATION_RANGE, json);
  return { seconds: String(time.seconds), nanos: time.nanos };
}

function structOf(json: unknown, path: string): object {
  if (!isObject(json)) throw mismatch(path, 'an object', json);
  const fields = Object.entries(json).map(([key, value]) => {
    const place = within(path, key);
    return [stringOf(key, place), valueOf(value, place)] as const;
  });
  return { fields: Object.fromEntries(fields) };
}

function listOf(json: unknown, path: string): object {
  if (!Array.isArray(json)) throw mismatch(path, 'an array', json);
  return { values: json.map((item, index) => valueOf(item, `${path}[${index}]`)) };
}

function valueOf(json: unknown, path: string): object {
  switch (typeof json) {
    case 'number':
    case 'bigint':
      return { numberValue: float('double', json, path) };
    case 'string':
      return { stringValue: stringOf(json, path) };
    case 'boolean':
      return { boolValue: json };
    default:
      if (json === null) return { nullValue: 0 };
      return Array.isArray(json) ? { listValue: listOf(json, path) } : { structValue: structOf(json, path) };
  }
}

/** Null is a value of single fields only: for a list or a map it says that there is none. */
function isAbsentByNull(field: protobuf.Field): boolean {
  return field.repeated || keyTypeOf(field) !== undefined || !takesNull(field);
}

/** True where null is a value: of the field, or of an item or an entry of it. */
function takesNull(field: protobuf.Field): boolean {
  const { resolvedType } = field.resolve();
  if (!resolvedType) return false;
  const name = nameOf(resolvedType);
  return name === 'google.protobuf.Value' || name === 'google.protobuf.NullValue';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
