import type { LoaderOptions } from '../../../src/schema/index.js';
import { hex } from './proto-fixture.js';

/** Every option in both states, and together as they are used. */
export const OPTIONS: readonly [string, LoaderOptions][] = [
  ['no options', {}],
  ['keepCase', { keepCase: true }],
  ['longs: String', { longs: String }],
  ['longs: Number', { longs: Number }],
  ['longs: BigInt', { longs: BigInt }],
  ['enums: String', { enums: String }],
  ['bytes: String', { bytes: String }],
  ['bytes: Array', { bytes: Array }],
  ['defaults', { defaults: true }],
  ['arrays', { arrays: true }],
  ['objects', { objects: true }],
  ['oneofs', { oneofs: true }],
  ['json', { json: true }],
  ['defaults, oneofs', { defaults: true, oneofs: true }],
  ['json, bytes: String', { json: true, bytes: String }],
  ['defaults, bytes: Array, longs: Number', { defaults: true, bytes: Array, longs: Number }],
  ['all as strings', { keepCase: true, longs: String, enums: String, bytes: String, defaults: true, oneofs: true }],
  [
    'everything',
    { longs: String, enums: String, defaults: true, arrays: true, objects: true, oneofs: true, json: true },
  ],
];

/** Messages that both libraries take. Each name is given in both spellings, so that `keepCase` finds its own. */
export const MESSAGES: readonly [string, readonly object[]][] = [
  [
    'parity.v1.Scalars',
    [
      {},
      both({
        an_int32: 0,
        a_string: '',
        a_bool: false,
        a_double: 0,
        an_int64: 0,
        some_bytes: Buffer.alloc(0),
        a_color: 0,
      }),
      both({ an_int32: -1, a_sint32: -5, an_uint32: 4294967295, a_fixed32: 7, a_sfixed32: -7, high_number: 9 }),
      both({ an_int32: 2147483647, a_sint32: 2147483647, a_sfixed32: 2147483647, a_fixed32: 4294967295 }),
      both({ an_int32: -2147483648, a_sint32: -2147483648, a_sfixed32: -2147483648 }),
      both({ an_int64: '-9223372036854775808', a_sint64: '-9223372036854775808', a_sfixed64: '-9223372036854775808' }),
      both({ an_int64: '9223372036854775807', a_sint64: '9223372036854775807', a_sfixed64: '9223372036854775807' }),
      both({ an_uint64: '18446744073709551615', a_fixed64: '18446744073709551615' }),
      both({ an_int64: -1, a_sint64: -1, a_sfixed64: -1, an_uint64: 1, a_fixed64: 1 }),
      both({ an_int64: Number.MAX_SAFE_INTEGER, a_sint64: Number.MIN_SAFE_INTEGER, an_uint64: 2 ** 32 }),
      both({ an_int64: { low: 5, high: -1, unsigned: false }, an_uint64: { low: -1, high: 1, unsigned: true } }),
      both({ a_float: 1.5, a_double: Math.PI, a_bool: true, a_string: 'é😀\u0000', some_bytes: Buffer.from([0, 255]) }),
      both({ a_float: Infinity, a_double: -Infinity }),
      both({ a_float: NaN, a_double: NaN }),
      both({ a_float: 'NaN', a_double: '-Infinity' }),
      both({ a_double: -0, a_float: -0 }),
      both({ a_double: 5e-324, a_float: 3.4028234663852886e38 }),
      both({ a_string: 'x'.repeat(127), some_bytes: Buffer.alloc(127, 1) }),
      both({ a_string: 'é'.repeat(64), some_bytes: Buffer.alloc(128, 1) }),
      both({ a_string: '€'.repeat(6000), some_bytes: Buffer.alloc(20_000, 1) }),
      both({ some_bytes: 'AQID' }),
      both({ some_bytes: [1, 2, 3] }),
      both({ a_color: 'COLOR_BLUE', an_alias: 'ALIAS_UNO' }),
      both({ a_color: -1, an_alias: 1 }),
      both({ a_color: 77 }),
      both({ an_int32: null, a_string: undefined, a_color: null, some_bytes: null, unknown: 5 }),
      { an_int32: 1, anInt32: 2 },
    ],
  ],
  [
    'parity.v1.Optionals',
    [
      {},
      both({
        an_int32: 0,
        an_int64: 0,
        a_string: '',
        some_bytes: Buffer.alloc(0),
        a_color: 0,
        a_bool: false,
        a_double: 0,
      }),
      both({ an_int32: 7, a_color: 'COLOR_RED', scalars: {} }),
      both({ scalars: both({ an_int32: 4 }) }),
    ],
  ],
  [
    'parity.v1.Repeateds',
    [
      {},
      both({ int32s: [], strings: [], leaves: [] }),
      both({ int32s: [1, -1, 300], sint64s: [1, '-5'], fixed32s: [1, 2], doubles: [1.5, NaN], bools: [true, false] }),
      both({ strings: ['a', '', 'é'], bytes_list: [Buffer.from('x'), Buffer.alloc(0)], colors: ['COLOR_RED', 2, 99] }),
      both({
        leaves: [{ name: 'l', weight: 5 }, {}],
        unpacked: [1, 2],
        uint64s: ['18446744073709551615'],
        floats: [1],
      }),
      both({ int32s: Array.from({ length: 300 }, (_, index) => index * 1000) }),
    ],
  ],
  [
    'parity.v1.Maps',
    [
      {},
      both({ labels: {} }),
      both({ labels: { a: 'b', '': '', constructor: 'c' }, counts: { n: 5, m: '-6' } }),
      both({
        leaves: { l: { name: 'x', weight: 3 }, e: {} },
        by_int32: { '-5': 'x', 7: 'y' },
        colors: { c: 'COLOR_RED' },
      }),
      both({ blobs: { b: Buffer.from('zz') }, by_sint32: { '-1': 2.5 }, by_uint32: { 4000000000: true } }),
      both({ labels: JSON.parse('{"__proto__":"polluted"}') as object }),
    ],
  ],
  [
    'parity.v1.Choice',
    [
      {},
      both({ text_kind: 'x' }),
      both({ number_kind: 0 }),
      both({ leaf_kind: {} }),
      both({ bytes_kind: Buffer.alloc(0), yes: false }),
      both({ before: 'b', color_kind: 'COLOR_RED', maybe: '5' }),
      both({ text_kind: null, number_kind: 3, kind: 'ignored' }),
    ],
  ],
  [
    'parity.v1.Tree',
    [
      { name: 'root', left: { name: 'l', right: {} }, children: [{}, { name: 'c' }], named: { x: { name: 'n' } } },
      nest(100),
    ],
  ],
  [
    'parity.v1.WellKnown',
    [
      {},
      both({
        at: { seconds: 5, nanos: 3 },
        took: { seconds: '-5', nanos: -1 },
        empty: {},
        mask: { paths: ['a', 'b'] },
      }),
      both({ struct: { fields: { a: { numberValue: 1 }, b: { nullValue: 0 }, c: { structValue: { fields: {} } } } } }),
      both({ value: { listValue: { values: [{ stringValue: 's' }, { boolValue: false }] } }, list: { values: [{}] } }),
      both({ int64_value: { value: 7 }, string_value: { value: '' }, bytes_value: { value: [1] }, bool_value: {} }),
      both({ any: { type_url: 'type.googleapis.com/parity.v1.Leaf', value: hex('0a0161') } }),
      both({ any: { type_url: '/parity.v1.Leaf' } }),
      both({ any: { type_url: 'type.googleapis.com/unknown.Type', value: Buffer.from('zz') } }),
      both({
        anys: [{ '@type': 'example.com/parity.v1.Leaf', name: 'w', weight: 4 }, { '@type': '/parity.v1.Nothing' }],
      }),
    ],
  ],
  [
    'parity.v1.Clashes',
    [
      both({
        constructor: 'c',
        to_string: 5,
        hasOwnProperty: { name: 'h' },
        value_of: ['v'],
        is_prototype_of: { a: 'b' },
        then: 't',
        length: 'l',
        name: 'n',
      }),
    ],
  ],
  ['parity.v1.Nothing', [{}, { other: 1 }]],
  [
    'parity.v2.Old',
    [
      { id: 'x' },
      {},
      both({ id: '', count: 0, text: '', flag: false, big: 0, mode: 'MODE_OFF', plain_mode: 'MODE_ON', ratio: 0 }),
      both({ id: '1', loose: [1, 2], tight: [3, 4], inner: { a: 'g', deep: { id: 'd' } }, many: [{ n: 1 }, {}] }),
      both({
        id: '1',
        huge: '18446744073709551615',
        child: { id: 'c' },
        raw: Buffer.from('q'),
        '.parity.v2.extra': 'e',
      }),
    ],
  ],
  ['parity.v2.Strict', [{ number: 1, old: { id: '1' }, mode: 'MODE_ON' }, { old: {} }]],
];

/** The message with each snake_case name in camelCase beside it. */
function both(message: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = { ...message };
  for (const [name, value] of Object.entries(message)) {
    if (/^[a-z]\w*_/.test(name)) result[name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())] = value;
  }
  return result;
}

/** A message with `levels` messages inside one another. */
function nest(levels: number): object {
  return levels === 0 ? { name: 'leaf' } : { left: nest(levels - 1) };
}

/** Longs of the two copies of that class, and Buffers, as text; -0 and NaN stay what they are. */
export function comparable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Buffer.isBuffer(value)) return `Buffer ${toHex(value)}`;
  if (Array.isArray(value)) return value.map(comparable);
  const { low, high, unsigned } = value as Record<string, unknown>;
  if (low !== undefined && high !== undefined) return `Long ${[low, high, unsigned].join(' ')}`;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [`.${name}`, comparable(member)]));
}

/** Bytes in hex. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
