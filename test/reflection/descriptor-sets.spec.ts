import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { create, fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import {
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  MessageOptionsSchema,
  type FileDescriptorProto,
} from '@bufbuild/protobuf/wkt';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { describeServed } from '../../src/reflection/describe-sources.js';
import { filesOfSet } from '../../src/reflection/files-of-set.js';
import type { FileDescriptorSetObject } from '../../src/schema/schema.js';

const SET = readFileSync(fileURLToPath(new URL('../unit/schema/generated/descriptors.binpb', import.meta.url)));

/** An option that a file defines, as whoever does not know it has it: number 50000, the text `a`. */
const OWN_OPTION = { no: 50_000, wireType: 2, data: Uint8Array.of(1, 97) };

/** A set with what is rare: options that files define, and 64-bit integers and bytes in options that nobody interpreted. */
function rareSet(): Uint8Array {
  const set = fromBinary(FileDescriptorSetSchema, SET);
  const message = set.file.find(({ name }) => name === 'old.proto')?.messageType[0];
  if (!message?.field[0]) throw new Error('old.proto has no message with a field');
  message.options = create(MessageOptionsSchema, { deprecated: true });
  message.options.$unknown = [OWN_OPTION, { no: 50_001, wireType: 0, data: Uint8Array.of(5) }];
  const uninterpretedOption = [
    { name: [{ namePart: 'n', isExtension: false }], positiveIntValue: 2n ** 60n + 1n },
    { name: [{ namePart: 's', isExtension: true }], stringValue: Uint8Array.of(0xff, 0) },
  ];
  message.field[0].options = create(FieldOptionsSchema, { uninterpretedOption });
  return toBinary(FileDescriptorSetSchema, set);
}

/** The files that are sent where the schema is this set, as another implementation reads them. */
function described(fileDescriptorSet: Uint8Array | FileDescriptorSetObject): FileDescriptorProto[] {
  const pool = describeServed({ options: { fileDescriptorSet }, services: new Set() });
  return fromBinary(FileDescriptorSetSchema, SET).file.map(({ name }) => {
    const file = pool.file(name);
    if (!file) throw new Error(`${name} is missing`);
    return fromBinary(FileDescriptorProtoSchema, file.bytes);
  });
}

function expected(set: Uint8Array): FileDescriptorProto[] {
  return filesOfSet(set).map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}

/** Without the fields that protobufjs drops when it decodes, unless it is told otherwise. */
function withoutUnknown(files: FileDescriptorProto[]): unknown[] {
  return files.map((file) => toJson(FileDescriptorProtoSchema, file));
}

function decoded(set: Uint8Array, keepUnknown: boolean): FileDescriptorSetObject {
  const reader = protobuf.Reader.create(set) as protobuf.Reader & { discardUnknown: boolean };
  reader.discardUnknown = !keepUnknown;
  return descriptor.FileDescriptorSet.decode(reader) as unknown as FileDescriptorSetObject;
}

describe('a FileDescriptorSet that is given as', () => {
  it.each([
    ['bytes', (set: Uint8Array) => set],
    ['bytes in another view', (set: Uint8Array) => new DataView(set.slice().buffer) as unknown as Uint8Array],
    ['a message of protobuf-es', (set: Uint8Array) => fromBinary(FileDescriptorSetSchema, set)],
    ['a message of protobufjs, with its unknown fields', (set: Uint8Array) => decoded(set, true)],
  ])('%s: the same, with options that files define', (_form, given) => {
    for (const set of [new Uint8Array(SET), rareSet()]) expect(described(given(set))).toEqual(expected(set));
  });

  it.each([
    ['a message of protobufjs', (set: Uint8Array) => decoded(set, false)],
    [
      'an object of protobufjs',
      (set: Uint8Array) => {
        const object = descriptor.FileDescriptorSet.toObject(decoded(set, false) as never);
        return object as FileDescriptorSetObject;
      },
    ],
    [
      'JSON',
      (set: Uint8Array) => {
        const json = toJson(FileDescriptorSetSchema, fromBinary(FileDescriptorSetSchema, set));
        return json as unknown as FileDescriptorSetObject;
      },
    ],
  ])('%s: the same, without what that does not have', (_form, given) => {
    for (const set of [new Uint8Array(SET), rareSet()]) {
      expect(withoutUnknown(described(given(set)))).toEqual(withoutUnknown(expected(set)));
    }
  });
});
