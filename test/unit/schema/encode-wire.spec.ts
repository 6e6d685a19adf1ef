import { expect, test } from '@jest/globals';
import { keepUnknownField } from '../../../src/schema/codec/unknown-fields.js';
import { codecOf, schemaOf } from './proto-fixture.js';

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** As in a process that forbids code from strings, too. */
function eachWay(text: string, typeName: string, message: object): string[] {
  const encode = (): string => toHex(codecOf(schemaOf(text), typeName).encode(message));
  const known = globalThis.Function;
  const fast = encode();
  globalThis.Function = function () {
    throw new EvalError('Code generation from strings disallowed for this context');
  } as unknown as FunctionConstructor;
  try {
    return [fast, encode()];
  } finally {
    globalThis.Function = known;
  }
}

test('a map of messages stays length-prefixed where the message encoding is DELIMITED', () => {
  const text = `edition = "2023"; option features.message_encoding = DELIMITED;
    message V { int32 a = 1; } message M { map<string, V> m = 1; V v = 2; }`;
  expect(eachWay(text, 'M', { m: { k: { a: 1 } } })).toEqual(Array(2).fill('0a070a016b12020801'));
  expect(eachWay(text, 'M', { v: { a: 1 } })).toEqual(Array(2).fill('13080114'));
});

test('an extension of a MessageSet is an item', () => {
  const text = `syntax = "proto2";
    message Set { option message_set_wire_format = true; extensions 4 to max; }
    message V { extend Set { optional V it = 1000; } optional int32 a = 1; }`;
  expect(eachWay(text, 'Set', { '.V.it': { a: 5 } })).toEqual(Array(2).fill('0b10e8071a0208050c'));
});

const KINDS = `bool b = 1; int32 i = 2; sint32 si = 3; uint32 u = 4; fixed32 f = 5; sfixed32 sf = 6; int64 l = 7;
  sint64 sl = 8; uint64 ul = 9; fixed64 fl = 10; sfixed64 sfl = 11; float fp = 12; double d = 13; string s = 14;
  bytes y = 15; E e = 16;`;
const ENUM = 'enum E { ZERO = 0; ONE = 1; }';
const ZERO_FORMS: object[] = [
  { b: false, i: 0, si: 0, u: 0, f: 0, sf: 0, l: 0, sl: 0, ul: 0, fl: 0, sfl: 0, fp: 0, d: 0, s: '', e: 0 },
  { i: '0', si: '0', u: 0n, f: '0', sf: -0, l: '0', sl: 0n, ul: { low: 0, high: 0, unsigned: true }, fl: '0', sfl: 0n },
  { fp: '0', d: '0', e: 'ZERO', y: '' },
  ...[Buffer.alloc(0), [], new ArrayBuffer(0), new Uint8Array()].map((y) => ({ y })),
];

test.each(ZERO_FORMS)('zeros without presence are not written, form %#', (message) => {
  expect(eachWay(`syntax = "proto3"; ${ENUM} message M { ${KINDS} }`, 'M', message)).toEqual(['', '']);
  // With presence they are: in proto2, in an edition's default, and as `optional`.
  for (const head of ['syntax = "proto2";', 'edition = "2023";']) {
    const kinds = head.includes('proto2') ? KINDS.replace(/(\w+ \w+ = \d+;)/g, 'optional $1') : KINDS;
    const [fast, slow] = eachWay(`${head} ${ENUM} message M { ${kinds} }`, 'M', message);
    expect(fast).not.toBe('');
    expect(slow).toBe(fast);
  }
});

test('minus zero, list items, map entries and members of a oneof are written', () => {
  const text = `syntax = "proto3"; message M {
    double d = 1; float f = 2; repeated int32 r = 3; map<string, int32> m = 4; oneof o { int32 x = 5; string y = 6; } }`;
  expect(eachWay(text, 'M', { d: -0 })).toEqual(Array(2).fill('090000000000000080'));
  expect(eachWay(text, 'M', { f: -0 })).toEqual(Array(2).fill('1500000080'));
  expect(eachWay(text, 'M', { r: [0], m: { '': 0 }, x: 0 })).toEqual(Array(2).fill('1a010022040a0010002800'));
});

test('unknown fields that came with a message are written again, also those of nested ones', () => {
  const inner = { a: 1 };
  const message = { inner };
  const bytes = Buffer.from('a01f01', 'hex');
  keepUnknownField(message, bytes, 0, 3);
  keepUnknownField(inner, bytes, 0, 3);
  const text = 'syntax = "proto3"; message I { int32 a = 1; } message M { I inner = 1; }';
  expect(eachWay(text, 'M', message)).toEqual(Array(2).fill('0a050801a01f01a01f01'));
});

test('an error names the field in either way', () => {
  const text = 'syntax = "proto3"; message I { int32 a = 1; string b = 2; } message M { repeated I list = 7; }';
  expect(() => eachWay(text, 'M', { list: [{ a: 1 }, { a: 1, b: 5 }] })).toThrow(
    'M: list[1].b: expected a string, got number 5',
  );
});
