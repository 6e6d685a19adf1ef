import { expect, test } from '@jest/globals';
import protobuf from 'protobufjs';
import { editionOf, isGroup, outermostOf } from '../../../src/schema/codec/editions.js';

const BODY = `package p; message Outer { message Inner { optional int32 n = 1; } optional Inner part = 1; }
  extend Outer { optional int32 more = 100; }`;

function rootOf(syntax: string, body = BODY): protobuf.Root {
  const { root } = protobuf.parse(`${syntax}; ${body}`);
  root.resolveAll();
  return root;
}

test('what a message holds has the edition of the message, and an extension its own', () => {
  const root = rootOf('syntax = "proto2"');
  const outer = root.lookupType('p.Outer');
  const field = root.lookupType('p.Outer.Inner').get('n') as protobuf.Field;
  expect(outermostOf(field)).toBe(outer);
  expect(editionOf(outermostOf(field))).toBe('proto2');
  const extension = root.lookup('p.more') as protobuf.Field;
  expect(outermostOf(extension)).toBe(extension);
  const later = rootOf('edition = "2023"', 'message M { int32 n = 1; }').lookupType('M');
  expect(editionOf(later)).toBe('2023');
});

test('a group is one in proto2 only', () => {
  const group = rootOf('syntax = "proto2"', 'message M { optional group Part = 1 { optional int32 n = 1; } }');
  expect(isGroup(group.lookupType('M').fieldsArray[0] as protobuf.Field)).toBe(true);
  const body = 'message M { M part = 1 [features.message_encoding = DELIMITED]; }';
  expect(isGroup(rootOf('edition = "2023"', body).lookupType('M').fieldsArray[0] as protobuf.Field)).toBe(false);
  expect(isGroup(rootOf('syntax = "proto2"').lookupType('p.Outer').fieldsArray[0] as protobuf.Field)).toBe(false);
});
