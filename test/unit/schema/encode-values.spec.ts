import { afterAll, describe, expect, test } from '@jest/globals';
import { runInNewContext } from 'node:vm';
import protobuf from 'protobufjs';
import { EncodeError } from '../../../src/schema/index.js';
import { KITCHEN_SINK, PROTO2 } from './kitchen-sink.js';
import { codecOf, errorOf, pairOf, schemaOf } from './proto-fixture.js';

/**
 * What becomes of a value in a field: `same` as with `@grpc/proto-loader`, byte for byte; `own`: accepted here and
 * wrong or refused there; `refused`: an EncodeError here, whatever becomes of it there.
 */
type Fate = 'same' | 'own' | 'refused';

const INT32 = ['an_int32', 'a_sint32', 'a_sfixed32'];
const UINT32 = ['an_uint32', 'a_fixed32'];
const INT64 = ['an_int64', 'a_sint64', 'a_sfixed64'];
const UINT64 = ['an_uint64', 'a_fixed64'];
const FLOATS = ['a_float', 'a_double'];
const INTEGERS = [...INT32, ...UINT32, ...INT64, ...UINT64];

const CASES: readonly [string[], string, unknown, Fate][] = [
  [INTEGERS, 'a decimal string', '12', 'same'],
  [INTEGERS, 'a bigint', 12n, 'own'],
  [INTEGERS, 'negative zero', -0, 'same'],
  [INTEGERS, 'a fraction', 1.5, 'refused'],
  [INTEGERS, 'NaN', NaN, 'refused'],
  [INTEGERS, 'infinity', Infinity, 'refused'],
  [INTEGERS, 'a text', 'many', 'refused'],
  [INTEGERS, 'an empty string', '', 'refused'],
  [INTEGERS, 'a string with a fraction', '1.5', 'refused'],
  [INTEGERS, 'a hexadecimal string', '0x10', 'refused'],
  [INTEGERS, 'a string with a space', ' 1', 'refused'],
  [INTEGERS, 'a boolean', true, 'refused'],
  [INTEGERS, 'an object', {}, 'refused'],
  [INTEGERS, 'an array', [1], 'refused'],
  [INTEGERS, 'a Date', new Date(0), 'refused'],
  [INTEGERS, 'a function', () => 1, 'refused'],
  [INTEGERS, 'a symbol', Symbol('one'), 'refused'],
  [INT32, 'the lowest', -2147483648, 'same'],
  [INT32, 'the highest', 2147483647, 'same'],
  [INT32, 'one below', -2147483649, 'refused'],
  [INT32, 'one above', 2147483648, 'refused'],
  [INT32, 'one above as a string', '2147483648', 'refused'],
  [INT32, 'one above as a bigint', 2147483648n, 'refused'],
  [UINT32, 'the highest', 4294967295, 'same'],
  [UINT32, 'one above', 4294967296, 'refused'],
  [UINT32, 'a negative number', -1, 'refused'],
  [INT64, 'the highest safe integer', Number.MAX_SAFE_INTEGER, 'same'],
  [INT64, 'the lowest safe integer', Number.MIN_SAFE_INTEGER, 'same'],
  [INT64, 'an unsafe integer', 2 ** 53, 'refused'],
  [INT64, 'the highest as a string', '9223372036854775807', 'same'],
  [INT64, 'the lowest as a string', '-9223372036854775808', 'same'],
  [INT64, 'the highest as a bigint', 2n ** 63n - 1n, 'own'],
  [INT64, 'the lowest as a bigint', -(2n ** 63n), 'own'],
  [INT64, 'minus one as a bigint', -1n, 'own'],
  [INT64, 'one above as a bigint', 2n ** 63n, 'refused'],
  [INT64, 'one below as a bigint', -(2n ** 63n) - 1n, 'refused'],
  [INT64, 'one above as a string', '9223372036854775808', 'refused'],
  [INT64, 'one below as a string', '-9223372036854775809', 'refused'],
  [INT64, 'a string of 30 digits', '1'.repeat(30), 'refused'],
  [INT64, 'a Long', { low: -1, high: -1, unsigned: false }, 'same'],
  [INT64, 'a Long without a sign', { low: 5, high: 1 }, 'same'],
  [INT64, 'an unsigned Long above the highest', { low: 0, high: -2147483648, unsigned: true }, 'refused'],
  [INT64, 'a Long with a fraction', { low: 1.5, high: 0 }, 'refused'],
  [UINT64, 'the highest as a string', '18446744073709551615', 'same'],
  [UINT64, 'the highest as a bigint', 2n ** 64n - 1n, 'own'],
  [UINT64, 'one above as a bigint', 2n ** 64n, 'refused'],
  [UINT64, 'one above as a string', '18446744073709551616', 'refused'],
  [UINT64, 'a negative number', -1, 'refused'],
  [UINT64, 'a negative bigint', -1n, 'refused'],
  [UINT64, 'a negative string', '-1', 'refused'],
  [UINT64, 'a negative Long', { low: -1, high: -1, unsigned: false }, 'refused'],
  [UINT64, 'an unsigned Long', { low: -1, high: -1, unsigned: true }, 'same'],
  [FLOATS, 'a number', -1.25, 'same'],
  [FLOATS, 'NaN', NaN, 'same'],
  [FLOATS, 'infinity', -Infinity, 'same'],
  [FLOATS, 'NaN as ProtoJSON writes it', 'NaN', 'same'],
  [FLOATS, 'infinity as ProtoJSON writes it', '-Infinity', 'same'],
  [FLOATS, 'a number in a string', '1.5e3', 'same'],
  [FLOATS, 'a text', 'high', 'refused'],
  [FLOATS, 'an empty string', '', 'refused'],
  [FLOATS, 'a boolean', true, 'refused'],
  [FLOATS, 'a bigint', 1n, 'refused'],
  [FLOATS, 'an object', {}, 'refused'],
  [['a_float'], 'the highest float', 3.4028234663852886e38, 'same'],
  [['a_float'], 'a number that rounds to it', 3.40282351e38, 'same'],
  [['a_float'], 'a number beyond it', 3.5e38, 'refused'],
  [['a_double'], 'the highest double', Number.MAX_VALUE, 'same'],
  [['a_bool'], 'true', true, 'same'],
  [['a_bool'], 'false', false, 'same'],
  [['a_bool'], 'the text of false, which is true in JavaScript', 'false', 'refused'],
  [['a_bool'], 'a number', 1, 'refused'],
  [['a_bool'], 'an object', {}, 'refused'],
  [['a_string'], 'a text', 'é😀', 'same'],
  [['a_string'], 'a number', 42, 'refused'],
  [['a_string'], 'a boolean', false, 'refused'],
  [['a_string'], 'an object', {}, 'refused'],
  [['a_string'], 'an array', ['a'], 'refused'],
  [['a_string'], 'a Buffer', Buffer.from('a'), 'refused'],
  [['some_bytes'], 'a Buffer', Buffer.from([1, 2]), 'same'],
  [['some_bytes'], 'a Uint8Array', Uint8Array.of(1, 2), 'same'],
  [['some_bytes'], 'a Uint8Array of another realm', runInNewContext('Uint8Array.of(1, 2)'), 'same'],
  [['some_bytes'], 'a part of a buffer', new Uint8Array(Uint8Array.of(9, 1, 2, 9).buffer, 1, 2), 'same'],
  [['some_bytes'], 'clamped bytes', Uint8ClampedArray.of(1, 2), 'same'],
  [['some_bytes'], 'an array of numbers', [0, 128, 255], 'same'],
  [['some_bytes'], 'base64', 'AQID', 'same'],
  [['some_bytes'], 'base64 with padding', 'AQ==', 'same'],
  [['some_bytes'], 'an empty string', '', 'same'],
  [['some_bytes'], 'base64 of the URL alphabet', '-_-_', 'own'],
  [['some_bytes'], 'base64 without its padding', 'AQ', 'same'],
  [['some_bytes'], 'an ArrayBuffer', Uint8Array.of(1, 2).buffer, 'own'],
  [['some_bytes'], 'a DataView', new DataView(Uint8Array.of(1, 2).buffer), 'own'],
  [['some_bytes'], 'a text that is no base64', 'hello world', 'refused'],
  [['some_bytes'], 'base64 of an impossible length', 'AQIDA', 'refused'],
  [['some_bytes'], 'a number too high', [256], 'refused'],
  [['some_bytes'], 'a negative number', [-1], 'refused'],
  [['some_bytes'], 'a fraction', [1.5], 'refused'],
  [['some_bytes'], 'numbers that are not bytes', Float32Array.of(1), 'refused'],
  [['some_bytes'], 'a number', 5, 'refused'],
  [['some_bytes'], 'an object', { length: 2, 0: 1, 1: 2 }, 'refused'],
  [['a_color'], 'a name', 'COLOR_RED', 'same'],
  [['a_color'], 'a number', 2, 'same'],
  [['a_color'], 'a number without a name', 1234, 'same'],
  [['a_color'], 'a negative number', -5, 'same'],
  [['a_color'], 'a name that is not there', 'COLOR_GREEN', 'refused'],
  [['a_color'], 'a name in another case', 'color_red', 'refused'],
  [['a_color'], "a name of Object's", 'constructor', 'refused'],
  [['a_color'], 'a number in a string', '1', 'refused'],
  [['a_color'], 'a fraction', 1.5, 'refused'],
  [['a_color'], 'a number beyond 32 bits', 2 ** 31, 'refused'],
  [['a_color'], 'a boolean', true, 'refused'],
];

describe('values of scalar fields', () => {
  const fates: Record<Fate, number> = { same: 0, own: 0, refused: 0 };
  afterAll(() =>
    console.log(
      `values in fields: ${fates.same} encoded as by @grpc/proto-loader; ${fates.own} taken only here; ` +
        `${fates.refused} refused with the field's name`,
    ),
  );

  const { ours, theirs } = pairOf(KITCHEN_SINK, 'parity.v1.Scalars', { keepCase: true, longs: String });

  test.each(CASES.flatMap(([fields, what, value, fate]) => fields.map((field) => ({ field, what, value, fate }))))(
    '$field: $what is $fate',
    ({ field, value, fate }) => {
      const message = { [field]: value };
      fates[fate] += 1;
      if (fate === 'refused') {
        const error = errorOf<EncodeError>(() => ours.encode(message));
        expect(error).toBeInstanceOf(EncodeError);
        expect(error).toMatchObject({ name: 'EncodeError', typeName: 'parity.v1.Scalars' });
        expect(error.path.startsWith(field)).toBe(true);
        return;
      }
      const bytes = ours.encode(message);
      if (fate === 'same') {
        expect(Buffer.from(bytes).toString('hex')).toBe(theirs.serialize(message).toString('hex'));
        return;
      }
      const decoded = ours.decode(bytes) as Record<string, unknown>;
      if (typeof value === 'bigint') expect(String(decoded[field])).toBe(String(value));
      else expect(decoded[field]).toBeInstanceOf(Buffer);
      let different = true;
      try {
        different = !theirs.serialize(message).equals(bytes);
      } catch {
        // Refused there.
      }
      expect(different || typeof value === 'bigint').toBe(true);
    },
  );
});

describe('the error', () => {
  const schema = schemaOf(`
    syntax = "proto3"; package demo.v1;
    message Order { repeated Item items = 1; map<string, Item> by_name = 2; Item main = 3; repeated bytes blobs = 4; }
    message Item { int32 price = 1; Item part = 2; repeated int64 codes = 3; Kind kind = 4; }
    enum Kind { KIND_NONE = 0; KIND_BIG = 1; }
  `);
  const order = codecOf(schema, 'demo.v1.Order');

  const PATHS: readonly [string, unknown, string, string][] = [
    [
      'items[1].price',
      { items: [{}, { price: 1.5 }] },
      'an integer from -2147483648 to 2147483647 (int32)',
      'number 1.5',
    ],
    ['items[0]', { items: [5] }, 'an object (demo.v1.Item)', 'number 5'],
    ['items[0]', { items: [null] }, 'an object (demo.v1.Item)', 'null'],
    ['items', { items: 5 }, 'an array or another iterable (repeated Item)', 'number 5'],
    ['items', { items: 'abc' }, 'an array or another iterable (repeated Item)', 'string "abc"'],
    ['items', { items: { length: 1 } }, 'an array or another iterable (repeated Item)', 'an object'],
    [
      'byName["a b"].price',
      { byName: { 'a b': { price: '?' } } },
      'an integer from -2147483648 to 2147483647 (int32)',
      'string "?"',
    ],
    ['byName["x"]', { byName: { x: undefined } }, 'an object (demo.v1.Item)', 'undefined'],
    ['byName', { byName: [] }, 'an object or a Map (map<string, Item>)', 'an array of 0'],
    ['byName', { byName: 'x' }, 'an object or a Map (map<string, Item>)', 'string "x"'],
    [
      'main.part.part.price',
      { main: { part: { part: { price: true } } } },
      'an integer from -2147483648 to 2147483647 (int32)',
      'boolean true',
    ],
    [
      'main.codes[2]',
      { main: { codes: [1, '2', 2n ** 70n] } },
      'a 64-bit integer (int64): a safe integer, a bigint, a decimal string or a Long',
      'bigint 1180591620717411303424',
    ],
    [
      'main.codes[0]',
      { main: { codes: [2 ** 60] } },
      'a 64-bit integer (int64): a safe integer, a bigint, a decimal string or a Long; numbers beyond 2^53 are not exact, pass a bigint or a string',
      'number 1152921504606847000',
    ],
    ['main.kind', { main: { kind: 'BIG' } }, 'a name of Kind (KIND_NONE, KIND_BIG) or its number', 'string "BIG"'],
    ['blobs[1][2]', { blobs: [[], [1, 2, 300]] }, 'a number from 0 to 255', 'number 300'],
    ['main', { main: [] }, 'an object (demo.v1.Item)', 'an array of 0'],
    ['main', { main: new Map([['price', 1]]) }, 'an object (demo.v1.Item)', 'an object of class Map'],
    [
      'main',
      { main: Promise.resolve({ price: 1 }) },
      'an object (demo.v1.Item); is an await missing?',
      'an object of class Promise',
    ],
    ['main', { main: new Date(0) }, 'an object (demo.v1.Item)', 'an object of class Date'],
    ['', 'text', 'an object (demo.v1.Order)', 'string "text"'],
    ['', undefined, 'an object (demo.v1.Order)', 'undefined'],
    ['', [{}], 'an object (demo.v1.Order)', 'an array of 1'],
  ];
  test.each(PATHS)('at %s', (path, value, expected, got) => {
    const error = errorOf<EncodeError>(() => order.encode(value));
    expect(error).toBeInstanceOf(EncodeError);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(`demo.v1.Order: ${path === '' ? '' : `${path}: `}expected ${expected}, got ${got}`);
    expect({ path: error.path, expected: error.expected }).toEqual({ path, expected });
  });

  test('holds the value, unseen by loggers', () => {
    const error = errorOf<EncodeError>(() => order.encode({ items: 5 }));
    expect(error.value).toBe(5);
    expect(Object.keys(error)).not.toContain('value');
  });

  test('cuts long values and paths', () => {
    const tree = codecOf(
      schemaOf('syntax = "proto3"; message Deep { Deep a_rather_long_name = 1; string text = 2; }'),
      'Deep',
    );
    let value: object = { text: 5 };
    for (let i = 0; i < 50; i += 1) value = { aRatherLongName: value };
    expect(errorOf(() => tree.encode(value)).message.length).toBeLessThan(300);
    expect(errorOf(() => order.encode({ main: { price: 'x'.repeat(100_000) } })).message.length).toBeLessThan(300);
  });

  test("is not raised for errors of the user's own getters", () => {
    const value = {
      get items(): never {
        throw new RangeError('mine');
      },
    };
    expect(() => order.encode(value)).toThrow(new RangeError('mine'));
    // The codec goes on working.
    expect(order.decode(order.encode({ main: { price: 1 } }))).toEqual({ main: { price: 1 } });
  });
});

describe('objects', () => {
  const choice = pairOf(KITCHEN_SINK, 'parity.v1.Choice').ours;
  const maps = pairOf(KITCHEN_SINK, 'parity.v1.Maps', { longs: Number }).ours;
  const lists = pairOf(KITCHEN_SINK, 'parity.v1.Repeateds', { longs: Number }).ours;
  const wellKnown = pairOf(KITCHEN_SINK, 'parity.v1.WellKnown', { longs: Number }).ours;

  test('two members of a oneof are refused: the receiver would see one of them', () => {
    expect(() => choice.encode({ textKind: 'a', leafKind: { name: 'b' } })).toThrow(
      'parity.v1.Choice: kind: expected one member of the oneof, not both textKind and leafKind, got an object',
    );
    expect(choice.decode(choice.encode({ textKind: 'a', leafKind: null, yes: true }))).toEqual({
      textKind: 'a',
      yes: true,
    });
  });

  test("a message of protobufjs's own classes: the defaults of its prototype are not set", () => {
    const { root } = protobuf.parse(
      KITCHEN_SINK.replaceAll(/import .*|google\.protobuf\.\w+ \w+ = \d+;|repeated (?=google)/g, ''),
    );
    const type = root.lookupType('parity.v1.Choice');
    expect(choice.decode(choice.encode(type.create({ numberKind: 5 })))).toEqual({ numberKind: 5 });
    expect(choice.decode(choice.encode(type.create({ textKind: 'x', yes: true })))).toMatchObject({
      textKind: 'x',
      yes: true,
    });
    expect(() => choice.encode(type.create({ textKind: 'x', numberKind: 5 }))).toThrow('kind: expected one member');
  });

  test('accessors of a class count, own and inherited', () => {
    class Base {
      get before(): string {
        return 'base';
      }
    }
    class Dto extends Base {
      #text = 'dto';
      get textKind(): string {
        return this.#text;
      }
      constructor() {
        super();
        Object.defineProperty(this, 'yes', { get: () => true, enumerable: false });
      }
      unrelated(): number {
        return 1;
      }
    }
    expect(choice.decode(choice.encode(new Dto()))).toEqual({ before: 'base', textKind: 'dto', yes: true });
  });

  test("names of Object's members count only where the user's object or class has them", () => {
    const clashes = pairOf(KITCHEN_SINK, 'parity.v1.Clashes').ours;
    class Dto {
      get toString(): number {
        return 5;
      }
      valueOf(): string {
        return 'a method';
      }
    }
    expect(clashes.decode(clashes.encode({}))).toEqual({});
    expect(clashes.decode(clashes.encode(new Dto()))).toEqual({ toString: 5 });
    expect(clashes.decode(clashes.encode(Object.assign(Object.create(null) as object, { constructor: 'c' })))).toEqual({
      constructor: 'c',
    });
    expect(clashes.decode(clashes.encode(runInNewContext('({ then: "t" })')))).toEqual({ then: 't' });
  });

  test('a Map is a map field, with keys of the right kind', () => {
    const message = {
      labels: new Map([['a', 'b']]),
      byInt32: new Map<unknown, string>([
        [-5, 'x'],
        ['6', 'y'],
        [7n, 'z'],
      ]),
    };
    expect(maps.decode(maps.encode(message))).toEqual({ labels: { a: 'b' }, byInt32: { '-5': 'x', 6: 'y', 7: 'z' } });
    expect(maps.decode(maps.encode(runInNewContext('({ counts: new Map([["n", 3]]) })')))).toEqual({
      counts: { n: 3 },
    });
    expect(() => maps.encode({ labels: new Map([[1, 'b']]) })).toThrow('labels[1]: expected a string, got number 1');
  });

  test('keys that are no numbers are refused', () => {
    expect(() => maps.encode({ byInt32: { x: 'y' } })).toThrow('parity.v1.Maps: byInt32["x"]: expected an integer');
    expect(() => maps.encode({ byUint32: { '-1': true } })).toThrow('byUint32["-1"]: expected an integer from 0');
    const keys = pairOf(KITCHEN_SINK, 'parity.v1.LongKeys').ours;
    expect(() => keys.encode({ byBool: { yes: 'x' } })).toThrow(
      'byBool["yes"]: expected true or false (bool), got string "yes"',
    );
    expect(
      keys.decode(keys.encode({ byBool: new Map([[false, 'x']]), byInt64: new Map([[-(2n ** 63n), 'y']]) })),
    ).toEqual({
      byBool: { false: 'x' },
      byInt64: { '-9223372036854775808': 'y' },
    });
  });

  test('iterables are repeated fields', () => {
    function* numbers(): Iterable<number> {
      yield* [1, 2];
    }
    const message = {
      int32s: numbers(),
      strings: new Set(['a', 'b']),
      doubles: Float64Array.of(0.5),
      uint64s: BigUint64Array.of(9n),
    };
    expect(lists.decode(lists.encode(message))).toEqual({
      int32s: [1, 2],
      strings: ['a', 'b'],
      doubles: [0.5],
      uint64s: [9],
    });
    expect(() => lists.encode({ strings: ['a', undefined] })).toThrow('strings[1]: expected a string, got undefined');
    // eslint-disable-next-line no-sparse-arrays -- a hole is what is tested
    expect(() => lists.encode({ int32s: [1, , 3] })).toThrow('int32s[1]: expected an integer');
  });

  test('a Date is a Timestamp', () => {
    const encode = (at: unknown): unknown => wellKnown.decode(wellKnown.encode({ at }));
    expect(encode(new Date('2026-01-02T03:04:05.678Z'))).toEqual({ at: { seconds: 1767323045, nanos: 678000000 } });
    expect(encode(new Date(-1))).toEqual({ at: { seconds: -1, nanos: 999000000 } });
    expect(encode(runInNewContext('new Date(1500)'))).toEqual({ at: { seconds: 1, nanos: 500000000 } });
    expect(() => encode(new Date(NaN))).toThrow(
      'at: expected a valid Date, or seconds and nanos, got an object of class Date',
    );
  });

  test('an Any with @type names a type of the schema', () => {
    expect(() => wellKnown.encode({ any: { '@type': 'x/no.Such' } })).toThrow(
      'parity.v1.WellKnown: any.@type: expected the name of a message type of the schema, got string "x/no.Such"',
    );
    expect(() => wellKnown.encode({ any: { '@type': 5 } })).toThrow('any.@type: expected a type URL, got number 5');
    expect(() => wellKnown.encode({ any: { '@type': 'parity.v1.Leaf', name: 5 } })).toThrow(
      'any.name: expected a string',
    );
    expect(() => wellKnown.encode({ any: { '@type': 'google.protobuf.Any' } })).toThrow('any.@type: expected');
  });

  test('nesting has an end, also through Any', () => {
    const tree = pairOf(KITCHEN_SINK, 'parity.v1.Tree').ours;
    const cycle: Record<string, unknown> = { name: 'x' };
    cycle['left'] = cycle;
    expect(() => tree.encode(cycle)).toThrow('expected at most 100 levels of nesting (is it a cycle?), got an object');
    const list: Record<string, unknown> = {};
    list['children'] = [list];
    expect(() => tree.encode(list)).toThrow('children[0].children[0]');
    const any: Record<string, unknown> = { '@type': 'parity.v1.WellKnown' };
    any['any'] = any;
    expect(() => wellKnown.encode({ any })).toThrow('at most 100 levels of nesting');
    expect(wellKnown.encode({ any: { '@type': 'parity.v1.WellKnown' } })).toHaveLength(23);
  });

  test('a message without fields may be left out', () => {
    const nothing = pairOf(KITCHEN_SINK, 'parity.v1.Nothing').ours;
    for (const value of [undefined, null, {}, { other: 1 }]) expect(nothing.encode(value)).toHaveLength(0);
    for (const value of [5, 'text', [], Promise.resolve()]) expect(() => nothing.encode(value)).toThrow(EncodeError);
  });

  test('a required message must be there; a required scalar has its default', () => {
    const strict = pairOf(PROTO2, 'parity.v2.Strict').ours;
    expect(() => strict.encode({ number: 1 })).toThrow(
      'parity.v2.Strict: old: expected a value: the field is required, got undefined',
    );
    expect(strict.encode({ old: {} })).toHaveLength(8);
  });

  test('a getter that encodes another message disturbs nothing', () => {
    const message = {
      get before(): string {
        return Buffer.from(choice.encode({ textKind: 'inner' })).toString('hex');
      },
      textKind: 'outer',
    };
    expect(choice.decode(choice.encode(message))).toEqual({ before: '1205696e6e6572', textKind: 'outer' });
  });
});
