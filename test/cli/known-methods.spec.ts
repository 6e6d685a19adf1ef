import protobuf from 'protobufjs';
import { expect, test } from '@jest/globals';
import { CommandSchema } from '../../src/cli/schema/command-schema.js';
import { KnownMethods } from '../../src/cli/tap/known-methods.js';

const { root } = protobuf.parse(
  'syntax = "proto3"; package d.v1; service S { rpc Get(M) returns (M); } message M { string s = 1; }',
);
const bytes = Uint8Array.of(10, 1, 65);

test('a service is known by its whole name only, as on the wire', () => {
  const methods = new KnownMethods([new CommandSchema(root)]);
  expect(methods.view('d.v1.S', 'Get', 'request', bytes)).toMatchObject({ json: { s: 'A' }, isGuess: false });
  for (const service of ['S', 'v1.S', '.d.v1.S', 'd.v1', 'd.v1.M', '__proto__', '']) {
    expect(methods.view(service, 'Get', 'request', bytes)).toMatchObject({ json: { 1: 'A' }, isGuess: true });
  }
});

test('names that peers make up are not kept', () => {
  const methods = new KnownMethods([new CommandSchema(root)]);
  for (let at = 0; at < 100; at++) methods.view(`made.up${at}.S`, 'Get', 'request', bytes);
  const kept = (root as unknown as { _lookupCache: Record<string, unknown> })._lookupCache;
  expect(Object.keys(kept).filter((name) => name.includes('made'))).toEqual([]);
});
