import { describe, expect, test } from '@jest/globals';
import { parsableText } from '../../../src/schema/sources/parsable-text.js';
import { ProtoFiles } from '../../../src/schema/sources/proto-files.js';
import { codecOf, errorOf, hex, schemaOf, withProtos } from './proto-fixture.js';

/** What a message of which nothing was sent looks like. */
function emptyOf(text: string): unknown {
  return codecOf(schemaOf(text, { loader: { defaults: true } }), 'M').decode(Buffer.alloc(0));
}

/** The options of a type or a field of a file, as they were read. */
function optionsOf(text: string, name: string): object | undefined {
  return withProtos(
    { 'test.proto': text },
    (folder) => new ProtoFiles({}).load([folder.at('test.proto')]).lookup(name)?.options,
  );
}

describe('the text that protobufjs parses', () => {
  test.each([
    ['signs', 'x = - 5, y: -\tinf, -\n  9, [ - /* - 1 */ .5 ]', 'x =  -5, y:  \t-inf,  \n -9, [   /* - 1 */-.5 ]'],
    ['hexadecimals', 'x = 0XFF, y = -0X9; // 0X1\n"0X1"', 'x = 0xFF, y = -0x9; // 0X1\n"0X1"'],
    [
      'messages in options',
      'map < string, M > m = 1 [(o) = { a < b: "<" > c: [<>, {}] }]; map<int32, M> n = 2;',
      'map < string, M > m = 1 [(o) = { a { b: "<" } c: [{}, {}] }]; map<int32, M> n = 2;',
    ],
    [
      'escapes',
      String.raw`"\u20ac\n\"\U0001F600" '\303\251\'' "\xff" "\x41"`,
      String.raw`"€\n\"😀" 'é\'' "\xff" "\x41"`,
    ],
    [
      'groups',
      'message M { optional group A = 1 [deprecated = true]\n{ oneof x { group B = 2 { int32 c = 3; } } } }',
      'message M { optional A a = 1 [deprecated = true]\n; message A { option (nestjs_ttrpc.group) = true; ' +
        'oneof x { B b = 2 ; group B = 2 { message B { option (nestjs_ttrpc.group) = true; int32 c = 3; } } } } }',
    ],
    [
      'extensions that are groups',
      'extend p . M { optional group A = 1 { } optional int32 b = 2; }',
      'extend p . M { optional A a = 1 ; } message A { option (nestjs_ttrpc.group) = true; } extend p . M { optional int32 b = 2; }',
    ],
  ])('%s', (_name, given, wanted) => {
    expect(parsableText(given)).toBe(wanted);
  });

  test.each([
    ['comments and strings', '// optional group A = 1 {\n/* - 5 0X1 */ "= - 5 0X1 < \\\\u0041" \'group\''],
    ['names', 'message group { optional group group = 1; optional int32 group = 2; enum E { group = 0; } }'],
    ['groups of proto3', 'syntax = "proto3"; message M { repeated group A = 1 {} }'],
    ['what is cut', 'message M { optional group A = 1 [(x) = { a < b'.slice(0, -7)],
  ])('has %s as they are', (_name, text) => {
    expect(parsableText(text)).toBe(text);
  });
});

describe('groups', () => {
  const GROUPS = `syntax = "proto2";
    import "google/protobuf/descriptor.proto";
    extend google.protobuf.FieldOptions { optional string note = 50000; }
    message M {
      extensions 100 to 200;
      optional group First_One = 1 [deprecated = true, (note) = "a { b"] {
        oneof choice { int32 a = 1; group Deep = 2 [(note) = "x"] { extensions 10 to 20; } }
        extensions 50 to 60;
        extend M { optional group Inside = 101 [deprecated = true] { optional int32 d = 1; } }
        message Own { optional Deep deep = 1; }
        optional Own own = 3;
      }
    }
    extend M.First_One.Deep { optional int32 e = 11; repeated group More = 12 {} optional int32 f = 13; }`;

  test('may have options, oneofs, extensions and extension ranges', () => {
    expect(optionsOf(GROUPS, 'M.firstOne')).toMatchObject({ deprecated: true, '(note)': 'a { b' });
    expect(optionsOf(GROUPS, 'M.First_One')).toBeUndefined();
    const codec = codecOf(schemaOf(GROUPS, { loader: { oneofs: true } }), 'M');
    const value = {
      firstOne: { deep: { '.e': 5, '.more': [{}, {}], '.f': 6 }, own: { deep: {} } },
      '.M.First_One.inside': { d: 7 },
    };
    const bytes = hex('0b 13 5805 63 64 63 64 6806 14 1a02 0a00 0c', 'ab06 0807 ac06');
    expect(Buffer.from(codec.encode(value)).toString('hex')).toBe(bytes.toString('hex'));
    expect(codec.decode(bytes)).toEqual({
      ...value,
      firstOne: { ...value.firstOne, choice: 'deep' },
    });
  });

  test('are refused at the line of what is wrong', () => {
    const text = 'syntax = "proto2";\nmessage M {\n  optional group G = 1 [deprecated = true] {\n    wrong;\n  }\n}';
    expect(errorOf(() => schemaOf(text)).message).toMatch(/test\.proto:4: illegal token 'wrong'$/);
    const twice =
      'syntax = "proto2";\nmessage M {\n  message G {}\n  oneof x {\n    group G = 1 {}\n  }\n}\nmessage N {}';
    expect(errorOf(() => schemaOf(twice)).message).toMatch(/test\.proto:5: 'M\.G' is already defined in this file$/);
  });
});

test('numbers apart from their sign, and in capitals', () => {
  const text = `syntax = "proto2";
    message M {
      optional int32 a = 0X9 [default = - 5];
      optional double b = 2 [default = - inf];
      optional sint32 c = 3 [default =
        - /* hexadecimal */ 0XFF];
      optional E d = 4 [default = LESS];
    }
    enum E { ZERO = 0; LESS = - 1; }`;
  expect(emptyOf(text)).toEqual({ a: -5, b: -Infinity, c: -255, d: -1 });
});

test('escapes in the strings of options', () => {
  const text = String.raw`syntax = "proto2";
    message M { optional string a = 1 [json_name = "a\x41\101\u00e9\303\251\U0001F600\"", default = "\u20ac\n"]; }`;
  expect(optionsOf(text, 'M.a')).toEqual({ json_name: 'aAAéé😀"', default: '€\n' });
});

test('messages in options between < and >', () => {
  const text = `syntax = "proto2";
    import "google/protobuf/descriptor.proto";
    message O { optional string s = 1; repeated O o = 2; }
    extend google.protobuf.MessageOptions { optional O fio = 50000; }
    message M { option (fio) = { o < s: '<x>' > o: [<s: "a">, {}] }; }`;
  expect(optionsOf(text, 'M')).toMatchObject({ '(fio).o.s': 'a' });
});
