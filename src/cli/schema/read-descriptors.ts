import protobuf from 'protobufjs';
import { descriptorTypes } from '../../schema/sources/descriptor-types.js';

type Message = Record<string, unknown>;
/** A type whose functions protobufjs would otherwise generate at the first use. */
type Replaceable = { -readonly [K in 'decode' | 'toObject']: unknown };

const LENGTH_DELIMITED = 2;
const defaults = new WeakMap<protobuf.Type, object>();

/**
 * Makes protobufjs decode descriptors field by field. By itself it first writes and compiles code for thirty types, which
 * takes longer than reading the descriptors of most servers. What is decoded is the same.
 */
export function readDescriptorsDirectly(): void {
  for (const type of typesIn(descriptorTypes() as unknown as protobuf.Namespace)) {
    const functions = type as unknown as Replaceable;
    functions.decode = (source: protobuf.Reader | Uint8Array, length?: number) =>
      decodeDescriptor(type, source, length);
    // Only what was in the bytes is a property of the object itself: all that the conversion of options looks at.
    functions.toObject = (message: object) => message;
  }
}

function* typesIn(namespace: protobuf.NamespaceBase): Iterable<protobuf.Type> {
  for (const nested of namespace.nestedArray) {
    if (nested instanceof protobuf.Type) yield nested;
    if (nested instanceof protobuf.Namespace) yield* typesIn(nested);
  }
}

/** Decodes a message of a type of descriptor.proto. @throws RangeError or Error for bytes that are none */
export function decodeDescriptor(type: protobuf.Type, source: protobuf.Reader | Uint8Array, length?: number): Message {
  const reader = source instanceof protobuf.Reader ? source : protobuf.Reader.create(source);
  const end = length === undefined ? reader.len : reader.pos + length;
  const message = Object.create(defaultsOf(type)) as Message;
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = type.fieldsById[tag >>> 3];
    if (field === undefined) reader.skipType(tag & 7);
    else readField(reader, field, tag & 7, message);
  }
  if (reader.pos > end) throw new RangeError(`a ${type.name} is longer than its length says`);
  return message;
}

function readField(reader: protobuf.Reader, field: protobuf.Field, wireType: number, message: Message): void {
  field.resolve();
  if (!field.repeated) {
    message[field.name] = readValue(reader, field);
    return;
  }
  if (!Object.hasOwn(message, field.name)) message[field.name] = [];
  const values = message[field.name] as unknown[];
  const isNumber = !(field.resolvedType instanceof protobuf.Type) && field.type !== 'string' && field.type !== 'bytes';
  const isPacked = isNumber && wireType === LENGTH_DELIMITED;
  if (!isPacked) {
    values.push(readValue(reader, field));
    return;
  }
  const end = reader.uint32() + reader.pos;
  while (reader.pos < end) values.push(readValue(reader, field));
}

function readValue(reader: protobuf.Reader, field: protobuf.Field): unknown {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Type) return decodeDescriptor(resolvedType, reader, reader.uint32());
  if (resolvedType !== null) return reader.int32();
  return (reader as unknown as Record<string, () => unknown>)[field.type]?.();
}

/** What is read of a message where its bytes say nothing. */
function defaultsOf(type: protobuf.Type): object {
  const known = defaults.get(type);
  if (known) return known;
  const made = Object.fromEntries(
    type.fieldsArray.map((field) => {
      const { name, repeated } = field.resolve();
      return [name, repeated ? Object.freeze([]) : (field.defaultValue as unknown)];
    }),
  );
  defaults.set(type, made);
  return made;
}
