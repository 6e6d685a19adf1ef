import { describe, expect, test } from '@jest/globals';
import { loadSchema, type LoaderOptions, type Schema } from '../../../src/schema/index.js';
import { codecOf, errorOf, hex, schemaOf, withProtos } from './proto-fixture.js';

const DEFAULTS = { defaults: true, longs: String } satisfies LoaderOptions;

/** What a message of which nothing was sent looks like. */
function emptyOf(text: string, loader: LoaderOptions = DEFAULTS): unknown {
  return codecOf(schemaOf(text, { loader }), 'M').decode(Buffer.alloc(0));
}

/** The schema of one file from its descriptor, as protoc writes it. */
function fromDescriptor(file: object, loader: LoaderOptions = DEFAULTS): Schema {
  return loadSchema({ fileDescriptorSet: { file: [{ name: 'm.proto', syntax: 'proto2', ...file }] }, loader });
}

describe('defaults of proto2', () => {
  test('of 64 bits are exact, in each base', () => {
    const text = `syntax = "proto2";
      message M {
        optional int64 low = 1 [default = -9223372036854775808];
        optional int64 high = 2 [deprecated = false, default = 0x7ffffffffffffffd];
        optional uint64 top = 3 [ default=18446744073709551615 , deprecated = true];
        optional sint64 odd = 4 [default = /* 2^53 + 1 */ 9007199254740993]; // default = 1
        optional fixed64 octal = 5 [default = 01777777777777777777777];
        optional sfixed64 small = 6 [default = -5];
      }`;
    expect(emptyOf(text)).toEqual({
      low: '-9223372036854775808',
      high: '9223372036854775805',
      top: '18446744073709551615',
      odd: '9007199254740993',
      octal: '18446744073709551615',
      small: '-5',
    });
  });

  test('of strings and bytes have the bytes that their escapes say', () => {
    const text = String.raw`syntax = "proto2";
      message M {
        optional string text = 1 [default = "\317\245s\275 \u20ac \U0001F600 \t\"\x41'" ' and
'];
        optional bytes raw = 2 [default = "\317\245s\275\x00\\"];
        optional bytes word = 3 [default = 'abcd'];
        optional bytes own = 4 [default = "é"];
        optional string plain = 5 [default = "[default = 7]"];
      }`.replace(' and\n', ' and \\n');
    expect(emptyOf(text)).toEqual({
      text: 'ϥs\ufffd € \u{1F600} \t"A\' and \n',
      raw: hex('cf a5 73 bd 00 5c'),
      word: Buffer.from('abcd'),
      own: Buffer.from('é'),
      plain: '[default = 7]',
    });
  });

  test('of other kinds stay as they are, and a field may be named default', () => {
    const text = `syntax = "proto2";
      message M {
        optional int32 default = 1 [default = 017];
        optional double ratio = 2 [default = -1.5e3];
        optional float inf = 3 [default = -inf];
        optional bool flag = 4 [default = true];
        optional E mode = 5 [default = ON];
        optional double whole = 6 [default = 9];
      }
      enum E { OFF = 0; ON = 1; }`;
    expect(emptyOf(text)).toEqual({ default: 15, ratio: -1500, inf: -Infinity, flag: true, mode: 1, whole: 9 });
  });

  test('are the same from a descriptor', () => {
    const schema = fromDescriptor({
      messageType: [
        {
          name: 'M',
          field: [
            { name: 'big', number: 1, type: 3, label: 1, defaultValue: '9223372036854775807' },
            { name: 'raw', number: 2, type: 12, label: 1, defaultValue: '\\317\\245s\\275\\"' },
            { name: 'word', number: 3, type: 12, label: 1, defaultValue: 'abcd' },
            { name: 'text', number: 4, type: 9, label: 1, defaultValue: 'ϥ\\n' },
          ],
        },
      ],
    });
    expect(codecOf(schema, 'M').decode(Buffer.alloc(0))).toEqual({
      big: '9223372036854775807',
      raw: hex('cf a5 73 bd 22'),
      word: Buffer.from('abcd'),
      text: 'ϥ\\n',
    });
  });

  test('do not move the lines of errors', () => {
    const text =
      'syntax = "proto2";\nmessage M {\n  optional int64 a = 1 [default = 9223372036854775807];\n  optional Gone b = 2;\n}';
    expect(errorOf(() => schemaOf(text)).message).toMatch(/test\.proto:4: M\.b: type 'Gone' is not defined/);
  });
});

describe('groups', () => {
  const GROUPS = `syntax = "proto2";
    message M {
      optional int32 first = 1;
      optional group FooBar = 2 { optional int32 a = 1; }
      oneof choice {
        string name = 3;
        group OneOfGroup = 4 {
          optional int32 b = 1;
          repeated group DeepOne = 2 { optional int32 c = 1; }
        }
      }
      optional int32 last = 5;
      extensions 100 to 200;
    }
    extend M { optional group ExtGroup = 100 { optional int32 d = 1; } }`;

  test.each([false, true])('have the names that protobuf gives them, keepCase %s', (keepCase) => {
    const codec = codecOf(schemaOf(GROUPS, { loader: { keepCase, oneofs: true } }), 'M');
    const value = { first: 1, foobar: { a: 2 }, oneofgroup: { b: 3, deepone: [{ c: 4 }, { c: 5 }] }, last: 6 };
    const bytes = hex('0801', '130802 14', '230803 130804 14 130805 14 24', '2806');
    expect(Buffer.from(codec.encode(value)).toString('hex')).toBe(bytes.toString('hex'));
    const decoded = codec.decode(bytes) as object;
    expect(decoded).toEqual({ ...value, choice: 'oneofgroup' });
    expect(Object.keys(decoded)).toEqual(['first', 'foobar', 'oneofgroup', 'choice', 'last']);
  });

  test('are types of the message around them, and extensions of another', () => {
    const schema = schemaOf(GROUPS);
    for (const name of ['M.FooBar', 'M.OneOfGroup', 'M.OneOfGroup.DeepOne', 'ExtGroup']) {
      expect(schema.findType(name)?.typeName).toBe(name);
    }
    const codec = codecOf(schema, 'M');
    const value = { '.extgroup': { d: 7 } };
    expect(codec.encode(value)).toEqual(hex('a306 0807 a406'));
    expect(codec.decode(hex('a306 0807 a406'))).toEqual(value);
  });

  test('have the same names from a descriptor', () => {
    const group = (name: string): object => ({ name, field: [{ name: 'a', number: 1, type: 5, label: 1 }] });
    const schema = fromDescriptor(
      {
        messageType: [
          {
            name: 'M',
            field: [
              { name: 'foobar', number: 2, type: 10, label: 1, typeName: '.M.FooBar' },
              { name: 'oneofgroup', number: 4, type: 10, label: 1, typeName: '.M.OneOfGroup', oneofIndex: 0 },
            ],
            nestedType: [group('FooBar'), group('OneOfGroup')],
            oneofDecl: [{ name: 'choice' }],
          },
        ],
      },
      {},
    );
    const value = { foobar: { a: 2 }, oneofgroup: { a: 3 } };
    expect(codecOf(schema, 'M').decode(hex('130802 14', '230803 24'))).toEqual(value);
  });

  test('in a oneof that do not parse are an error with the line', () => {
    const text = 'syntax = "proto2";\nmessage M {\n  oneof x {\n    group G = 1 {\n      wrong;\n    }\n  }\n}';
    expect(errorOf(() => schemaOf(text)).message).toMatch(/test\.proto:5: illegal token/);
    const twice = 'syntax = "proto2"; message M { oneof x { group G = 1 {} } message G {} }';
    expect(errorOf(() => schemaOf(twice)).message).toMatch(/test\.proto:1: 'M\.G' is already defined in this file/);
    // The next file parses.
    withProtos({ 'a.proto': GROUPS }, (folder) => {
      expect(loadSchema({ protoPath: folder.at('a.proto') }).findType('M')).toBeDefined();
    });
  });
});
