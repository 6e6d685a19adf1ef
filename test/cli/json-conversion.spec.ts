import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from '@jest/globals';
import type protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import type { CommandSchema } from '../../src/cli/schema/command-schema.js';
import { schemaOfProtos, schemaOfSetBytes } from '../../src/cli/schema/source-flags.js';
import { describeRoot } from '../../src/reflection/describe-root.js';
import { namesOfFiles } from '../../src/reflection/file-names.js';
import { TempFolder } from '../support/temp-folder.js';

const { FileDescriptorProto, FileDescriptorSet } = descriptor;

const PROTO = `
syntax = "proto3";
package t;
message Names {
  string my_name = 1 [json_name = "who"];
  int32 field_1 = 2;
  int32 field_1b = 3;
  int32 _under = 4;
  int32 UPPER_Case = 5;
  int32 trail_ = 6;
  int32 dbl__under = 7;
  int32 __proto__ = 8;
  int32 foo_Bar = 9;
  int32 Cap = 10;
  int32 camelCase = 11;
  int32 odd = 12 [json_name = "__proto__ "];
}
`;

const folder = new TempFolder();
afterAll(() => folder.remove());

/** The schema of `proto` by its file, and by descriptors as protoc makes and reflection gives them. */
function schemasOf(name: string, proto: string): [source: string, schema: CommandSchema][] {
  const path = folder.file(name);
  writeFileSync(path, proto);
  const fromFile = schemaOfProtos([path], []);
  const file = describeRoot(fromFile.root, namesOfFiles({ protoPath: path })).map((bytes) =>
    FileDescriptorProto.decode(bytes),
  );
  const set = FileDescriptorSet.encode({ file }).finish();
  return [
    ['a .proto file', fromFile],
    ['descriptors', schemaOfSetBytes(set, 'the set')],
  ];
}

/** What is printed of a message that was sent as `json`. */
function echoed(schema: CommandSchema, name: string, json: string, emitDefaults = false): string {
  const type = schema.find(name) as protobuf.Type;
  return JSON.stringify(schema.toJson(type, schema.fromJson(type, JSON.parse(json)), emitDefaults));
}

describe.each(schemasOf('t.proto', PROTO))('with %s', (_source, schema) => {
  test.each([
    ['who', 'my_name', '"Ada"'],
    ['field1', 'field_1', '1'],
    ['field1b', 'field_1b', '1'],
    ['Under', '_under', '1'],
    ['UPPERCase', 'UPPER_Case', '1'],
    ['trail', 'trail_', '1'],
    ['dblUnder', 'dbl__under', '1'],
    ['Proto', '__proto__', '1'],
    ['fooBar', 'foo_Bar', '1'],
    ['Cap', 'Cap', '1'],
    ['camelCase', 'camelCase', '1'],
    ['__proto__ ', 'odd', '1'],
  ])('the field %s has its JSON name, and may be given as %s', (jsonName, protoName, value) => {
    const printed = `{"${jsonName}":${value}}`;
    expect(echoed(schema, 't.Names', printed)).toBe(printed);
    expect(echoed(schema, 't.Names', `{"${protoName}":${value}}`)).toBe(printed);
  });

  test('no other name means a field', () => {
    for (const name of ['myName', 'under', 'cap', 'camel_case', 'Field1']) {
      expect(() => echoed(schema, 't.Names', `{"${name}":1}`)).toThrow(/: t\.Names has no such field: it has who, /);
    }
  });
});
