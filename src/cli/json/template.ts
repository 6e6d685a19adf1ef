import type protobuf from 'protobufjs';
import { ANY } from '../../schema/codec/well-known-types.js';
import { enumOf, keyTypeOf, messageTypeOf, nameOf } from '../../schema/codec/reflection.js';
import { hasOwnJsonForm } from './from-json.js';
import { jsonNameOf } from './names.js';
import { setOwnProperty } from './own-property.js';

/** The JSON form of well-known types in a template. */
const SPECIAL: Readonly<Record<string, unknown>> = {
  [ANY]: { '@type': 'type.googleapis.com/google.protobuf.Empty' },
  'google.protobuf.Timestamp': '1970-01-01T00:00:00Z',
  'google.protobuf.Duration': '0s',
  'google.protobuf.FieldMask': '',
  'google.protobuf.Struct': {},
  'google.protobuf.ListValue': [],
  'google.protobuf.Value': null,
};

/**
 * A message of `type` as JSON to fill in: each field with a value of its kind, lists and maps with one element, of a oneof
 * the first member. A message within itself is an empty one, or left out where it has fields that it requires.
 */
export function templateOf(type: protobuf.Type): unknown {
  return message(type, new Set()) ?? {};
}

/** Undefined for one that would lack what it requires. */
function message(type: protobuf.Type, around: ReadonlySet<protobuf.Type>): unknown {
  const name = nameOf(type);
  if (Object.hasOwn(SPECIAL, name)) return SPECIAL[name];
  // All others with a form of their own.
  const wrapped = hasOwnJsonForm(type) ? type.fieldsById[1] : undefined;
  if (wrapped) return single(wrapped, around);
  if (around.has(type)) return type.fieldsArray.some(({ required }) => required) ? undefined : {};
  const within = new Set([...around, type]);
  const template: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    const { partOf } = field.resolve();
    if (partOf && !partOf.isProto3Optional && partOf.fieldsArray[0] !== field) continue;
    const value = single(field, within);
    if (value === undefined) {
      if (field.required) return undefined;
      continue;
    }
    const keyType = keyTypeOf(field);
    const json = keyType !== undefined ? { [keyOf(keyType)]: value } : field.repeated ? [value] : value;
    setOwnProperty(template, jsonNameOf(field), json);
  }
  return template;
}

function single(field: protobuf.Field, around: ReadonlySet<protobuf.Type>): unknown {
  const type = messageTypeOf(field);
  if (type) return message(type, around);
  const values = enumOf(field);
  if (values) return Object.keys(values.values)[0] ?? 0;
  if (field.type === 'string' || field.type === 'bytes') return '';
  if (field.type === 'bool') return false;
  return field.type.endsWith('64') ? '0' : 0;
}

function keyOf(type: string): string {
  if (type === 'string') return '';
  return type === 'bool' ? 'false' : '0';
}
