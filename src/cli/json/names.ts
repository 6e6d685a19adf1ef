import type protobuf from 'protobufjs';
import { nameOf } from '../../schema/codec/reflection.js';

const fieldsByName = new WeakMap<protobuf.Type, Map<string, protobuf.Field>>();

/** The name of a field in JSON: its `json_name`, by default in camelCase; an extension's is in brackets. */
export function jsonNameOf(field: protobuf.Field): string {
  if (field.declaringField || field.name.startsWith('.')) return `[${nameOf(field.declaringField ?? field)}]`;
  return (field as { jsonName?: string }).jsonName ?? field.name;
}

/** The names of all fields of `type` in JSON. */
export function jsonNamesOf(type: protobuf.Type): string[] {
  return type.fieldsArray.map(jsonNameOf);
}

/** The field that `key` means in JSON: by its JSON name, or as the .proto file spells it. */
export function fieldOf(type: protobuf.Type, key: string): protobuf.Field | undefined {
  let known = fieldsByName.get(type);
  if (!known) {
    known = new Map();
    for (const field of type.fieldsArray) {
      const { protoName } = field as { protoName?: string };
      for (const name of [field.name, protoName ?? field.name, jsonNameOf(field)]) known.set(name, field);
      known.set(
        field.name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        field,
      );
    }
    for (const field of type.fieldsArray) known.set(jsonNameOf(field), field);
    fieldsByName.set(type, known);
  }
  return known.get(key);
}
