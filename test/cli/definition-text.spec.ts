import { expect, test } from '@jest/globals';
import protobuf from 'protobufjs';
import { definitionOf } from '../../src/cli/schema/definition-text.js';

const OLD = `message Old {
  required int32 id = 1;
  optional string text = 2 [default = "a\\n\\"b\\""];
  optional .two.Kind kind = 3 [default = SECOND];
  optional bytes raw = 4 [default = "a\\001\\377"];
  optional double most = 5 [default = inf];
  optional int64 long = 6 [default = 900719925474099];
  repeated int32 parts = 7;
  optional group Place = 8 {
    optional int32 row = 1;
  }
  oneof either {
    string left = 9;
    string right = 10;
  }
  map<string, .two.Old> others = 11;
  extensions 100 to 200;
  extensions 1000 to max;
  reserved 20;
  reserved 30 to 32;
  reserved "gone";
  message Inner {
    extend .two.Old {
      optional string note = 101;
    }
  }
}`;

function rootOf(text: string): protobuf.Root {
  const { root } = protobuf.parse(text, { keepCase: false });
  root.resolveAll();
  return root;
}

const two = (definition: string): string =>
  `syntax = "proto2"; package two; enum Kind { FIRST = 0; SECOND = 1; } ${definition} extend Old { optional int32 more = 100; }`;

test('proto2: what is written is what a .proto file can have', () => {
  expect(definitionOf(rootOf(two(OLD)).lookupType('two.Old'))).toBe(OLD);
  expect(definitionOf(rootOf(two(OLD)).lookup('two.more') as protobuf.Field)).toBe(
    'extend .two.Old {\n  optional int32 more = 100;\n}',
  );
});

test('proto3 and editions have no labels and no groups but their own', () => {
  const three = 'message New {\n  string a = 1;\n  optional string b = 2;\n  .New c = 3;\n}';
  expect(definitionOf(rootOf(`syntax = "proto3"; ${three}`).lookupType('New'))).toBe(three);
  const edition = 'message New {\n  string a = 1 [default = "x"];\n  .New b = 2;\n}';
  const delimited = edition.replace('b = 2', 'b = 2 [features.message_encoding = DELIMITED]');
  expect(definitionOf(rootOf(`edition = "2023"; ${delimited}`).lookupType('New'))).toBe(edition);
});

test('a field has the name in JSON that its file gives it, behind its default', () => {
  const named =
    'message Named {\n  optional string a_b = 1 [default = "x", json_name = "a\\"B"];\n  optional int32 c_d = 2;\n}';
  const text = `syntax = "proto2"; ${named.replace('c_d = 2', 'c_d = 2 [json_name = "cD"]')}`;
  expect(definitionOf(rootOf(text).lookupType('Named'))).toBe(named);
});
