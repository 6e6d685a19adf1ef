import { describe, expect, test } from '@jest/globals';
import type protobuf from 'protobufjs';
import { loadSchema } from '../../../src/schema/index.js';
import { rootOfDescriptorSet } from '../../../src/schema/sources/file-descriptor-set.js';
import { ProtoFiles } from '../../../src/schema/sources/proto-files.js';
import { withProtos } from './proto-fixture.js';

const EDITION = `edition = "2023";
  option features.message_encoding = DELIMITED;
  message V { int32 a = 1; }
  message M {
    map<string, V> by_name = 1;
    V one = 2;
    repeated V prefixed = 3 [features.message_encoding = LENGTH_PREFIXED];
    oneof choice { V member = 4; }
  }`;
const value = (name: string, number: number, more: object = {}): object => ({
  ...{ name, number, label: 1, type: 11, typeName: '.V' },
  ...more,
});
/** What protoc makes of it. */
const EDITION_FILE = {
  ...{ name: 'm.proto', syntax: 'editions', edition: 1000, options: { features: { messageEncoding: 2 } } },
  messageType: [
    { name: 'V', field: [{ name: 'a', number: 1, label: 1, type: 5 }] },
    {
      name: 'M',
      oneofDecl: [{ name: 'choice' }],
      nestedType: [
        {
          name: 'ByNameEntry',
          options: { mapEntry: true },
          field: [{ name: 'key', number: 1, label: 1, type: 9 }, value('value', 2)],
        },
      ],
      field: [
        value('by_name', 1, { label: 3, typeName: '.M.ByNameEntry' }),
        value('one', 2),
        value('prefixed', 3, { label: 3, options: { features: { messageEncoding: 1 } } }),
        value('member', 4, { oneofIndex: 0 }),
      ],
    },
  ],
};

const MESSAGE_SET = `syntax = "proto2";
  message Set { option message_set_wire_format = true; extensions 4 to max; }
  message Item { extend Set { optional Item item = 2147483640; } optional int32 i = 25; }`;
const MESSAGE_SET_FILE = {
  name: 's.proto',
  messageType: [
    { name: 'Set', options: { messageSetWireFormat: true }, extensionRange: [{ start: 4, end: 2147483647 }] },
    {
      name: 'Item',
      extension: [{ name: 'item', number: 2147483640, label: 1, type: 11, typeName: '.Item', extendee: '.Set' }],
      field: [{ name: 'i', number: 25, label: 1, type: 5 }],
    },
  ],
};

function typeFrom(source: string | object, name: string): protobuf.Type {
  if (typeof source === 'object') return rootOfDescriptorSet({ file: [source] }, false).lookupType(name);
  return withProtos({ 'x.proto': source }, (folder) => new ProtoFiles({}).load([folder.at('x.proto')])).lookupType(
    name,
  );
}

describe.each([
  ['.proto file', EDITION, MESSAGE_SET],
  ['FileDescriptorSet', EDITION_FILE, MESSAGE_SET_FILE],
])('a %s', (_name, edition, messageSet) => {
  test('says which messages are delimited, by the features of the file and of the field', () => {
    const fields = typeFrom(edition, 'M').fieldsArray.map(({ name, map, delimited }) => [name, map, delimited]);
    expect(fields).toEqual([
      ['byName', true, true],
      ['one', false, true],
      ['prefixed', false, false],
      ['member', false, true],
    ]);
  });

  test('says what a MessageSet is, and has its extensions beyond the usual numbers', () => {
    const type = typeFrom(messageSet, 'Set');
    expect(type.getOption('message_set_wire_format')).toBe(true);
    expect(type.fieldsArray.map(({ name, id }) => [name, id])).toEqual([['.Item.item', 2147483640]]);
  });
});

test('both sources define the same', () => {
  withProtos({ 'm.proto': EDITION, 's.proto': MESSAGE_SET }, (folder) => {
    const protoPath = [folder.at('m.proto'), folder.at('s.proto')];
    const schema = loadSchema({ protoPath, fileDescriptorSet: { file: [EDITION_FILE, MESSAGE_SET_FILE] } });
    expect(schema.findType('M')).toBeDefined();
  });
});
