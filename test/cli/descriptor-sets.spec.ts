import { readFileSync, writeFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { expect, jest, test } from '@jest/globals';
import { CommandSchema } from '../../src/cli/schema/command-schema.js';
import { definitionOf } from '../../src/cli/schema/definition-text.js';
import { rootOfDescriptorSet } from '../../src/schema/sources/file-descriptor-set.js';
import { ttrpc } from '../support/built-command.js';
import { TempFolder } from '../support/temp-folder.js';

jest.setTimeout(60_000);

const PROTO2 = `
syntax = "proto2";
package two;
import "google/protobuf/any.proto";
message Old {
  option deprecated = true;
  required string name = 1 [default = "x"];
  optional int64 big = 2 [default = -9007199254740993];
  repeated int32 packed = 3 [packed = true];
  repeated int32 loose = 4;
  optional bytes raw = 5 [default = "\\001\\377"];
  optional double ratio = 6 [default = 1.5];
  optional Kind kind = 7 [default = B];
  oneof either { string left = 8; Old right = 9; }
  map<string, int64> ages = 10;
  repeated group Part = 11 { optional int32 number = 1; }
  extensions 100 to 199;
  reserved 20, 30 to 40;
  reserved "gone";
  message Inner { optional bool deep = 1 [deprecated = true]; }
  enum Kind { option allow_alias = true; A = 0; B = 1; C = 1; }
  optional google.protobuf.Any any = 12;
}
extend Old { optional string more = 100; }
service Both {
  rpc One(Old) returns (Old) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Many(stream Old) returns (stream Old) { option deprecated = true; }
}
`;

/** An encoded FileDescriptorSet of what `proto` defines. */
function setOf(proto: string, edition: string): Uint8Array {
  const { root } = protobuf.parse(proto, { keepCase: true });
  const any = protobuf.common.get('google/protobuf/any.proto') as protobuf.INamespace;
  root.addJSON(any.nested as Record<string, protobuf.AnyNestedObject>);
  root.resolveAll();
  const set = (root as unknown as { toDescriptor(edition: string): { file: Record<string, unknown>[] } }).toDescriptor(
    edition,
  );
  return descriptor.FileDescriptorSet.encode(set).finish();
}

const GREETER = readFileSync(new URL('../../sample/greeter/greeter.proto', import.meta.url), 'utf8');

/** What protoc makes of a file with an edition and features. */
function editionSet(): Uint8Array {
  const field = { name: 'one', number: 1, label: 1, type: 11, typeName: '.V' };
  const messageType = [{ name: 'V', field: [{ ...field, options: { features: { messageEncoding: 1 } } }] }];
  const options = { features: { messageEncoding: 2 } };
  const file = { name: 'm.proto', syntax: 'editions', edition: 1000, options, messageType };
  return descriptor.FileDescriptorSet.encode({ file: [file] }).finish();
}

test('sets of each syntax keep their options', () => {
  const sets = [setOf(PROTO2, 'proto2'), setOf(GREETER, 'proto3'), editionSet()];
  const read = JSON.stringify(sets.map((bytes) => rootOfDescriptorSet(bytes, false).toJSON({ keepComments: true })));
  expect(read).toContain('"idempotency_level"');
  expect(read).toContain('"message_encoding":"DELIMITED"');
});

test('the command shows the definitions of a set as the library reads them', async () => {
  const sets = { old: setOf(PROTO2, 'proto2'), greeter: setOf(GREETER, 'proto3'), edition: editionSet() };
  const folder = new TempFolder();
  const shown = async (name: string, bytes: Uint8Array, symbols: readonly string[]): Promise<void> => {
    const file = folder.file(`${name}.binpb`);
    writeFileSync(file, bytes);
    const schema = new CommandSchema(rootOfDescriptorSet(bytes, false));
    for (const symbol of symbols) {
      const { stdout } = await ttrpc(['describe', file, symbol]);
      expect(stdout.slice(stdout.indexOf('\n') + 1)).toBe(`${definitionOf(schema.symbol(symbol))}\n`);
    }
  };
  await shown('old', sets.old, ['two.Old', 'two.Old.Kind', 'two.Both', 'two.Old.Part']);
  await shown('greeter', sets.greeter, ['demo.v1.Greeter', 'demo.v1.HelloRequest']);
  await shown('edition', sets.edition, ['V']);
  // The same file twice is once; another one of its name is an error.
  const [greeter, changed] = [folder.file('greeter.binpb'), folder.file('changed.binpb')];
  writeFileSync(changed, setOf(GREETER.replace('HelloRequest {', 'Other {} message HelloRequest {'), 'proto3'));
  const twice = await ttrpc(['list', '--protoset', greeter, '--protoset', greeter, 'unix:none']);
  expect(twice).toMatchObject({ status: 0, stdout: 'demo.v1.Greeter\n' });
  const both = await ttrpc(['list', '--protoset', greeter, '--protoset', changed, 'unix:none']);
  expect(both).toMatchObject({ status: 1, stderr: expect.stringMatching(/two files are named '.*' and differ\n$/) });
  folder.remove();
});

test('bytes that end early, and bytes that are none', () => {
  const bytes = setOf(GREETER, 'proto3');
  for (let end = 1; end < bytes.length; end += 7) {
    expect(() => rootOfDescriptorSet(bytes.subarray(0, end), false)).toThrow(/FileDescriptorSet/);
  }
  expect(() => rootOfDescriptorSet(Buffer.from('hello'), false)).toThrow(/FileDescriptorSet/);
});
