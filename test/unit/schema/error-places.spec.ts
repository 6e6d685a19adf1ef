import { describe, expect, test } from '@jest/globals';
import { schemaOfProtos } from '../../../src/cli/schema/source-flags.js';
import { errorOf, withProtos } from './proto-fixture.js';

/** What `ttrpc` says of main.proto, without the folder: lines and columns are those of Go's protocompile. */
function complaint(text: string, others: Record<string, string> = {}): string {
  return withProtos({ 'main.proto': text, ...others }, (folder) =>
    errorOf(() => schemaOfProtos([folder.at('main.proto')], [])).message.replaceAll(`${folder.path}/`, ''),
  );
}

const HEAD = 'syntax = "proto3";\nmessage M {}\n';

describe('a type that is not defined', () => {
  test.each([
    [
      'a comment with the name of the rpc and of the type',
      `syntax = "proto3";\n// rpc Echo is the only one: see Foo\n/* rpc Echo(Foo) */ message M {}\nservice S {\n  rpc Echo(Foo) returns (M);\n}`,
      "main.proto:5:12: S.Echo: message type 'Foo'",
    ],
    [
      'a comment with the same field',
      'syntax = "proto3";\nmessage M {\n  // strin s = 1;\n  strin s = 1;\n}',
      "main.proto:4:3: M.s: type 'strin'",
    ],
    [
      'a string with the same field',
      'syntax = "proto2";\nmessage M {\n  optional string a = 2 [default = "strin s = 1"];\n  optional strin s = 1;\n}',
      "main.proto:4:12: M.s: type 'strin'",
    ],
    [
      'an rpc over several lines',
      `${HEAD}service S {\n  rpc Echo(\n    Foo)\n    returns (M);\n}`,
      "main.proto:5:5: S.Echo: message type 'Foo'",
    ],
    [
      'the response of an rpc',
      `${HEAD}service S {\n  rpc Foo(M)\n    returns (stream Foo);\n}`,
      "main.proto:5:21: S.Foo: message type 'Foo'",
    ],
    [
      'a field over several lines',
      'syntax = "proto3";\nmessage M {\n  repeated\n    a.Gone\n    some_name\n    = 0x10;\n}',
      "main.proto:4:5: M.someName: type 'a.Gone'",
    ],
    [
      'the value of a map',
      'syntax = "proto3";\nmessage M {\n  map<string,\n    Gone> m = 1;\n}',
      "main.proto:4:5: M.m: type 'Gone'",
    ],
    [
      'an extension',
      'syntax = "proto2";\nmessage M { extensions 5; }\n// Gone x = 5\nextend M {\n  optional Gone x = 5; }',
      "main.proto:5:12: x: type 'Gone'",
    ],
    [
      'what is extended',
      'syntax = "proto2";\n// extend Gone\nmessage M {\n  extend Gone { optional int32 a = 1; }\n}',
      "main.proto:4:10: message type 'Gone', which is extended",
    ],
  ])('%s', (_name, text, place) => {
    expect(complaint(text)).toContain(place);
  });
});

describe('a text that does not parse', () => {
  test.each([
    [
      'the second of two tokens in a line',
      `${HEAD}service S { rpc Echo(stream M) returns stream (M); }`,
      "main.proto:3:40: illegal token 'stream'",
    ],
    ['a brace too many', `syntax = "proto3";\nmessage M { message N {} } }`, "main.proto:2:28: illegal token '}'"],
    ['a brace too many, and a comment', `${HEAD}/* } */ message N {} /* } */ }`, "main.proto:3:30: illegal token '}'"],
    ['a comment that does not end', `${HEAD}  /* never\nclosed\n`, 'main.proto:3:3: this comment does not end'],
    ['a string that does not end', `${HEAD}import "a.proto;\n`, 'main.proto:3:8: this string does not end'],
  ])('%s', (_name, text, place) => {
    expect(complaint(text)).toContain(place);
  });
});

describe('what is defined twice', () => {
  test.each([
    [
      'messages',
      `${HEAD}// message M\nmessage N { string a = 1; }\nmessage M {\n  string b = 1;\n}`,
      "main.proto:5:9: 'M' is",
    ],
    [
      'messages in a message',
      `${HEAD}message N {\n  message A {\n  }\n  message A {\n  }\n}`,
      "main.proto:6:11: 'N.A' is",
    ],
    ['fields', 'syntax = "proto3";\nmessage M { string a_b = 1;\n  string a_b = 2;\n}', "main.proto:3:10: 'M.aB' is"],
    [
      'a field and one of a oneof',
      'syntax = "proto3";\nmessage A { string a = 1;\n  oneof b { int32 a = 2; }\n}',
      "main.proto:3:19: 'A.a' is",
    ],
    [
      'rpcs',
      `${HEAD}service S {\n  rpc A(M) returns (M);\n  rpc A(M) returns (M) {\n  }\n}`,
      "main.proto:5:7: 'S.A' is",
    ],
    ['values', 'syntax = "proto3";\nenum E {\n  A = 0;\n  B = 1;\n  A = 2;\n}', "main.proto:5:3: 'E.A' is"],
    [
      'numbers of fields',
      'syntax = "proto3";\nmessage M { string a = 7;\n  string b = 7; }',
      'main.proto:3:14: duplicate id 7',
    ],
    [
      'numbers of values',
      'syntax = "proto3";\nenum E {\n  A = 0;\n  B = 0;\n  C = 1;\n}',
      'main.proto:4:7: duplicate id 0',
    ],
    [
      'reserved names',
      `syntax = "proto3";\nmessage M { reserved "a";\n  string a = 7; }`,
      "main.proto:3:10: name 'a' is reserved",
    ],
  ])('%s', (_name, text, place) => {
    expect(complaint(text)).toContain(place);
  });

  test('in two files', () => {
    const text = complaint('syntax = "proto3";\nimport "b.proto";\n// message M\nmessage M {}', {
      'b.proto': 'syntax = "proto3";\n/* message M */\n\n message M {}',
    });
    expect(text).toMatch("b.proto:4:10: 'M' is already defined in main.proto:4");
  });
});

test('an import that is missing', () => {
  expect(complaint('syntax = "proto3";\n// import "gone.proto";\nimport public "gone.proto";')).toContain(
    "main.proto:3:15: import 'gone.proto' does not exist",
  );
});

test('a syntax that is not known', () => {
  expect(complaint('// syntax = "proto9";\nsyntax = "proto9";\nmessage M {}')).toContain(
    "main.proto:2:10: syntax or edition 'proto9' is not known",
  );
});
