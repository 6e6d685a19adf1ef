// Which type a name of a .proto file means, and which numbers are none: src/schema/sources/proto-root.ts, type-names.ts and
// numbers.ts. What is expected is what Go's protocompile makes of the same texts.
import { describe, expect, test } from '@jest/globals';
import protobuf from 'protobufjs';
import { loadSchema, SchemaError } from '../../../src/schema/index.js';
import { codecOf, errorOf, hex, schemaOf, withProtos } from './proto-fixture.js';

/** Field 1 as a string, in a message that is field 1. */
const NESTED = hex('0a 03 0a 01 78');

describe('a name means the type of the innermost scope that has it', () => {
  test('not one nested in a neighbour', () => {
    const schema = schemaOf(`syntax = "proto3"; package shim.v1;
      message Options { string outer = 1; }
      message Create {
        Options options = 1;
        message Mount { string path = 1; message Options { bool ro = 1; } Options options = 2; }
        repeated Mount mounts = 2;
        enum Kind { ZERO = 0; }
      }
      service Task { rpc Create(Create) returns (Options); }`);
    expect(codecOf(schema, 'shim.v1.Create').encode({ options: { outer: 'x' } })).toEqual(NESTED);
    const mounts = [{ options: { ro: true } }];
    expect(codecOf(schema, 'shim.v1.Create').encode({ mounts })).toEqual(hex('12 04 12 02 08 01'));
    expect(schema.resolve('shim.v1.Task').methods['Create']?.response.encode({ outer: 'x' })).toEqual(hex('0a 01 78'));
  });

  test('not one of a package below', () => {
    const files = {
      'b.proto': `syntax = "proto3"; package q.r; import "a.proto"; import "c.proto";
        message B { Status s = 1; } service S { rpc A(B) returns (Status); }`,
      'a.proto': 'syntax = "proto3"; package q; message Status { string right = 1; }',
      'c.proto': 'syntax = "proto3"; package q.r.sub; message Status { int32 wrong = 1; }',
    };
    const schema = withProtos(files, (folder) => loadSchema({ protoPath: folder.at('b.proto') }));
    expect(codecOf(schema, 'q.r.B').encode({ s: { right: 'x' } })).toEqual(NESTED);
    expect(schema.resolve('q.r.S').methods['A']?.response.encode({ right: 'x' })).toEqual(hex('0a 01 78'));
  });

  test('not one without a package', () => {
    const files = {
      'a.proto': `syntax = "proto3"; package q; import "b.proto";
        message Status { string right = 1; } message B { Status s = 1; .Status other = 2; }`,
      'b.proto': 'syntax = "proto3"; message Status { int32 wrong = 1; }',
    };
    const schema = withProtos(files, (folder) => loadSchema({ protoPath: folder.at('a.proto') }));
    const encoded = codecOf(schema, 'q.B').encode({ s: { right: 'x' }, other: { wrong: 1 } });
    expect(encoded).toEqual(hex(NESTED, '12 02 08 01'));
  });

  test('nor a field of that name', () => {
    const schema = schemaOf(`syntax = "proto3"; package f;
      message Test { string foo = 1; message Inner { Test Test = 1; message Deep { Test t = 1; } } }`);
    expect(codecOf(schema, 'f.Test.Inner').encode({ Test: { foo: 'x' } })).toEqual(NESTED);
    expect(codecOf(schema, 'f.Test.Inner.Deep').encode({ t: { foo: 'x' } })).toEqual(NESTED);
  });

  test('also of what is extended, before it is defined, too', () => {
    const schema = schemaOf(`syntax = "proto2"; package e;
      message B {
        message X { message T { optional int32 inner = 1; extensions 100 to 200; } }
        extend T { optional int32 e = 100; }
        message Deep { optional T T = 1; extend T { optional T t = 101; } }
      }
      message T { extensions 100 to 200; optional int32 outer = 1; }`);
    const encoded = codecOf(schema, 'e.T').encode({ '.e.B.e': 5, '.e.B.Deep.t': { outer: 1 } });
    expect(encoded).toEqual(hex('a0 06 05 aa 06 02 08 01'));
    expect(codecOf(schema, 'e.B.Deep').encode({ T: { outer: 1 } })).toEqual(hex('0a 02 08 01'));
  });

  test.each([
    ['a field', 'message A { message In { int32 x = 1; } }\nmessage B { In in = 7; }', "3: t.B.in: type 'In'"],
    ['an rpc', 'message A { message In {} }\nservice S { rpc C(A) returns (In); }', "3: t.S.C: message type 'In'"],
    [
      'an extension',
      'message A { message In {} }\nextend In { string s = 100; }',
      "3: message type 'In', which is extended,",
    ],
  ])('what no scope has is an error: of %s', (_of, text, message) => {
    const error = errorOf(() => schemaOf(`syntax = "proto3"; package t;\n${text}`));
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toContain(`.proto:${message} is not defined`);
  });

  test('a JSON descriptor may still rely on what protobufjs finds', () => {
    const nested = {
      A: { fields: {}, nested: { In: { fields: { x: { type: 'string', id: 1 } } } } },
      B: { fields: { in: { type: 'In', id: 1 } } },
    };
    const schema = withProtos({ 'a.json': JSON.stringify({ nested }) }, (folder) =>
      loadSchema({ protoPath: folder.at('a.json') }),
    );
    expect(codecOf(schema, 'B').encode({ in: { x: 'x' } })).toEqual(NESTED);
  });
});

describe('the message of a group in another field', () => {
  const TEXT = `syntax = "proto2"; message M {
    optional group MyG = 1 { optional int32 q = 1; }
    optional MyG g2 = 2;
    repeated MyG g3 = 3;
  }`;
  const codec = codecOf(schemaOf(TEXT), 'M');
  const bytes = hex('0b 08 01 0c 12 02 08 02 1a 02 08 03');
  const message = { myg: { q: 1 }, g2: { q: 2 }, g3: [{ q: 3 }] };

  test('has a length', () => {
    expect(codec.encode(message)).toEqual(bytes);
    expect(codec.decode(bytes)).toEqual(message);
  });

  test('and the group has its name in lower case from a root, too', () => {
    const { root } = protobuf.parse(TEXT);
    const ofRoot = codecOf(loadSchema({ root }), 'M');
    expect(ofRoot.encode(message)).toEqual(bytes);
    expect(ofRoot.decode(bytes)).toEqual(message);
  });
});

describe('numbers that protobuf does not have', () => {
  test.each([
    ['message M {\n string s = 0; }', 2, 'field number 0 of M.s', 'from 1 to 536870911'],
    ['message M {\n string s = 536870912; }', 2, 'field number 536870912 of M.s', 'from 1 to 536870911'],
    ['message M {\n map<string, string> s = 19000; }', 2, 'field number 19000 of M.s', 'not one of 19000 to 19999'],
    ['enum E {\n ONE = 1; ZERO = 0; }', 2, 'the number 1 of E.ONE', '0 for the first value of an open enum'],
    ['enum E { ZERO = 0;\n BIG = 2147483648; }', 2, 'the number 2147483648 of E.BIG', 'an int32'],
  ])('%j', (text, line, what, expected) => {
    const { message } = errorOf(() => schemaOf(`syntax = "proto3"; ${text}`));
    expect(message).toContain(`test.proto:${line}: ${what} is invalid: expected `);
    expect(message).toContain(expected);
  });

  test('those that it has are taken', () => {
    const text = `message M { option message_set_wire_format = true; extensions 4 to max; }
      message X { extend M { optional X x = 2147483646; } optional int32 most = 536870911; }
      enum Closed { ONE = 1; LEAST = -2147483648; }`;
    expect(() => schemaOf(`syntax = "proto2"; ${text}`)).not.toThrow();
  });
});

test('what stands behind reserved names of an edition is of the same file', () => {
  const text = `edition = "2023"; package r;
    message A { reserved nickname; string name = 1; B b = 2; }
    message B { A a = 1; }
    message C { None none = 1; }`;
  // A name that is nowhere: the error has the file only if the definition has.
  expect(errorOf(() => schemaOf(text)).message).toMatch(/test\.proto:4: r\.C\.none: type 'None' is not defined/);
});
