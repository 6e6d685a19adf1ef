import protobuf from 'protobufjs';
import { fieldsIn } from './proto-root.js';

/** The largest number of a field, and of an extension of a MessageSet. */
const [MAX_FIELD, MAX_MESSAGE_SET] = [2 ** 29 - 1, 2 ** 31 - 1];
/** Of these protobuf has its own. */
const [FIRST_OWN, LAST_OWN] = [19_000, 19_999];
const [MIN_ENUM, MAX_ENUM] = [-(2 ** 31), 2 ** 31 - 1];

/** A number that protobuf does not have in its place. */
export interface WrongNumber {
  readonly definition: protobuf.Field | protobuf.Enum;
  /** Of the field, or of the value of the enum. */
  readonly name: string;
  readonly number: number;
  readonly expected: string;
}

/**
 * The first wrong number of what .proto files have brought into `root`, which is resolved: protobufjs takes them all, and
 * messages with them are no protobuf. Undefined without one.
 */
export function wrongNumber(root: protobuf.Root): WrongNumber | undefined {
  for (const field of fieldsIn(root)) {
    if (!field.filename || isFieldNumber(field)) continue;
    const expected = `a number from 1 to ${MAX_FIELD} that is not one of ${FIRST_OWN} to ${LAST_OWN}`;
    return { definition: field, name: field.name, number: field.id, expected };
  }
  for (const definition of enumsIn(root)) {
    const values = definition.filename ? Object.entries(definition.values) : [];
    for (const [name, number] of values) {
      const isInt32 = number >= MIN_ENUM && number <= MAX_ENUM;
      if (!isInt32) return { definition, name, number, expected: 'an int32' };
    }
    const [first] = values;
    if (first && first[1] !== 0 && isOpen(definition)) {
      return { definition, name: first[0], number: first[1], expected: '0 for the first value of an open enum' };
    }
  }
  return undefined;
}

function isFieldNumber({ id, extend }: protobuf.Field): boolean {
  if (id >= FIRST_OWN && id <= LAST_OWN) return false;
  return id >= 1 && id <= (extend === undefined ? MAX_FIELD : MAX_MESSAGE_SET);
}

/** Whether it takes numbers that it does not name: that of proto3, and of editions unless a file says otherwise. */
function isOpen(definition: protobuf.Enum): boolean {
  const { _features: features } = definition as { _features?: { enum_type?: string } };
  return features?.enum_type === 'OPEN';
}

function* enumsIn(namespace: protobuf.NamespaceBase): Iterable<protobuf.Enum> {
  for (const nested of namespace.nestedArray) {
    if (nested instanceof protobuf.Enum) yield nested;
    else if (nested instanceof protobuf.Namespace) yield* enumsIn(nested);
  }
}
