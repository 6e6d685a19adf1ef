import protobuf from 'protobufjs';
import { nameOf, spelledName } from '../../schema/codec/reflection.js';

const fieldsByName = new WeakMap<protobuf.Type, Map<string, protobuf.Field>>();

/** The name of a field in JSON: its `json_name`, by default in camelCase; an extension's is its full one, in brackets. */
export function jsonNameOf(field: protobuf.Field): string {
  if (isExtension(field)) return `[${protoNameOf(field.declaringField ?? field)}]`;
  return (field.resolve() as { jsonName?: string }).jsonName ?? field.name;
}

/** The `json_name` of a field where that is not what its name would be in JSON by itself; undefined for others. */
export function givenJsonName(field: protobuf.Field): string | undefined {
  if (isExtension(field) || field.extend !== undefined) return undefined;
  const name = jsonNameOf(field);
  return name === protobuf.util.jsonName(spelledName(field)) ? undefined : name;
}

/** The qualified name of a field as its .proto file spells it: a field of messages here is in camelCase. */
export function protoNameOf(field: protobuf.Field): string {
  return nameOf(field).slice(0, -field.name.length) + spelledName(field);
}

/** True for what another message or file has added to a message. */
export function isExtension(field: protobuf.Field): boolean {
  return field.declaringField !== null && field.declaringField !== undefined;
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
      if (!isExtension(field)) known.set(spelledName(field), field);
    }
    // What two fields claim is the name in JSON of one of them.
    for (const field of type.fieldsArray) known.set(jsonNameOf(field), field);
    fieldsByName.set(type, known);
  }
  return known.get(key);
}
