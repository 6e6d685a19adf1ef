import type protobuf from 'protobufjs';
import { keyTypeOf, messageTypeOf, nameOf } from '../../schema/codec/reflection.js';
import { unknownFieldsOf } from '../../schema/codec/unknown-fields.js';
import { ANY, typeNameOf } from '../../schema/codec/well-known-types.js';
import { jsonNameOf } from '../json/names.js';
import { ownProperty } from '../json/own-property.js';
import { MAX_NESTED_ANY, type AnyUnpacker } from '../json/to-json.js';
import { guessMessage } from './guess.js';
import { within } from './json-differences.js';

type Message = Readonly<Record<string, unknown>>;

/** A field that the schema does not have: the path to it, which ends in its number, and what its bytes are by guess. */
export type UnknownField = readonly [path: string, value: unknown];

/**
 * The fields in a decoded message, at whatever depth, that its schema does not have; its JSON form leaves them out. `any`
 * opens the messages in a google.protobuf.Any; `depth` says in how many of them the message stands.
 */
export function* unknownFieldsIn(
  type: protobuf.Type,
  message: Message,
  any: AnyUnpacker,
  path = '',
  depth = 0,
): Generator<UnknownField, void, undefined> {
  const unknown = unknownFieldsOf(message);
  if (unknown) yield* guessed(unknown, path);
  if (nameOf(type) === ANY) yield* unknownFieldsInAny(type, message, any, path, depth);
  for (const field of type.fieldsArray) {
    const held = messageTypeOf(field);
    const value = ownProperty(message, field.name);
    if (held === undefined || value === undefined || value === null) continue;
    const place = within(path, jsonNameOf(field));
    if (keyTypeOf(field) !== undefined) {
      for (const [key, item] of Object.entries(value)) {
        yield* unknownFieldsIn(held, item as Message, any, within(place, key), depth);
      }
    } else if (field.repeated) {
      for (const [at, item] of (value as Message[]).entries()) {
        yield* unknownFieldsIn(held, item, any, `${place}[${at}]`, depth);
      }
    } else yield* unknownFieldsIn(held, value as Message, any, place, depth);
  }
}

function* unknownFieldsInAny(
  type: protobuf.Type,
  message: Message,
  any: AnyUnpacker,
  path: string,
  depth: number,
): Generator<UnknownField> {
  const [url, bytes] = [1, 2].map((number) => message[type.fieldsById[number]?.name ?? '']);
  if (typeof url !== 'string' || bytes === undefined) return;
  yield* unknownFieldsInPacked(url, bytes as Uint8Array, any, path, depth);
}

/** As {@link unknownFieldsIn}, of a message that is packed with its type. */
export function* unknownFieldsInPacked(
  url: string,
  bytes: Uint8Array,
  any: AnyUnpacker,
  path = '',
  depth = 0,
): Generator<UnknownField, void, undefined> {
  // The JSON form has the bytes of what is deeper.
  if (depth >= MAX_NESTED_ANY) return;
  const held = any.find(typeNameOf(url));
  if (held === undefined) return;
  let message: Message;
  try {
    message = any.decode(held, bytes) as Message;
  } catch {
    // Its JSON form has all of its bytes.
    return;
  }
  yield* unknownFieldsIn(held, message, any, path, depth + 1);
}

function* guessed(bytes: Uint8Array, path: string): Generator<UnknownField> {
  const fields = guessMessage(bytes);
  if (fields) for (const [number, value] of Object.entries(fields)) yield [within(path, number), value];
  // A group is not guessed.
  else yield [path, Buffer.from(bytes).toString('base64')];
}
