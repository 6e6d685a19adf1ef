import { afterAll, describe, expect, test } from '@jest/globals';
import type { LoaderOptions } from '../../../src/schema/index.js';
import { KITCHEN_SINK, PROTO2 } from './kitchen-sink.js';
import { comparable, MESSAGES, OPTIONS, toHex } from './parity-messages.js';
import { hex, pairOf, type Pair } from './proto-fixture.js';

const pairs = new Map<string, Map<LoaderOptions, Pair>>();

const compared = new Map<string, number>();
afterAll(() => {
  const lines = [...compared].map(([typeName, number]) => `${typeName}: ${number}`);
  console.log(`messages times options, the same as with @grpc/proto-loader:\n${lines.join('\n')}`);
});

describe.each(MESSAGES)('%s', (typeName, messages) => {
  describe.each(OPTIONS)('with %s', (_name, options) => {
    const pair = pairFor(typeName, options);

    test.each(messages.map((message) => ({ message })))('message %#', ({ message }) => {
      const bytes = pair.theirs.serialize(message);
      expect(toHex(pair.ours.encode(message))).toBe(toHex(bytes));
      const expected = withoutKnownFaults(typeName, options, pair.theirs.deserialize(bytes));
      const decoded = pair.ours.decode(bytes);
      expect(comparable(decoded)).toEqual(comparable(expected));
      // What was decoded can be sent on, unless `longs: Number` has made another number of it.
      if (!isLossy(decoded)) expect(toHex(pair.ours.encode(decoded))).toBe(toHex(pair.ours.encode(expected)));
      expect(arePlain(decoded)).toBe(true);
      compared.set(typeName, (compared.get(typeName) ?? 0) + 1);
    });
  });
});

describe('bytes that other encoders write', () => {
  const CASES: readonly [string, string, string][] = [
    ['a packed field that came unpacked', 'parity.v1.Repeateds', '08 01 08 02'],
    ['an unpacked field that came packed', 'parity.v1.Repeateds', '52 02 01 02'],
    ['both in one message', 'parity.v1.Repeateds', '08 01 0a 02 02 03 08 04'],
    ['an empty packed field', 'parity.v1.Repeateds', '0a 00'],
    ['a field that came twice', 'parity.v1.Scalars', '08 01 08 02'],
    [
      'an unknown varint, fixed64, bytes, group and fixed32',
      'parity.v1.Nothing',
      '08 01 11 0102030405060708 1a 01 00 23 08 01 24 2d 01020304',
    ],
    ['an int32 of ten bytes', 'parity.v1.Scalars', '08 ff ff ff ff ff ff ff ff ff 01'],
    ['a varint with needless bytes', 'parity.v1.Scalars', '08 81 80 80 00'],
    ['a bool above 1', 'parity.v1.Scalars', '68 02'],
    ['a map entry without its key', 'parity.v1.Maps', '0a 03 12 01 61'],
    ['a map entry without its value', 'parity.v1.Maps', '0a 03 0a 01 61'],
    ['a map entry with its value first', 'parity.v1.Maps', '0a 06 12 01 62 0a 01 61'],
    ['a map entry with an unknown field', 'parity.v1.Maps', '0a 08 0a 01 61 18 01 12 01 62'],
    ['a map key that came twice', 'parity.v1.Maps', '0a 06 0a 01 61 12 01 62 0a 06 0a 01 61 12 01 63'],
    ['an empty map entry', 'parity.v1.Maps', '0a 00'],
    ['a field with the highest number', 'parity.v1.Scalars', '80 92 f4 01 07'],
    ['a group', 'parity.v2.Old', '0a 00 63 0a 01 61 64'],
    ['an unknown value of a closed enum', 'parity.v2.Old', '0a 00 30 63'],
  ];
  test.each(CASES)('%s', (_name, typeName, text) => {
    for (const [, options] of OPTIONS) {
      const { ours, theirs } = pairFor(typeName, options);
      const expected = withoutKnownFaults(typeName, options, theirs.deserialize(hex(text)));
      expect(comparable(ours.decode(hex(text)))).toEqual(comparable(expected));
    }
  });
});

describe('differences from @grpc/proto-loader that are meant', () => {
  test('a varint above 64 bits is refused, as in Go: theirs drops the bits above', () => {
    const { ours, theirs } = pairFor('parity.v1.Scalars', {});
    const bytes = hex('08 ff ff ff ff ff ff ff ff ff 7f');
    expect(theirs.deserialize(bytes)).toMatchObject({ anInt32: -1 });
    expect(() => ours.decode(bytes)).toThrow('varint');
  });

  test('map keys of 64 bits are decimal: theirs are the eight raw bytes, which no key equals', () => {
    const { ours, theirs } = pairOf(KITCHEN_SINK, 'parity.v1.LongKeys');
    const bytes = theirs.serialize({ byInt64: { '-5': 'a' }, byUint64: { '18446744073709551615': 'b' } });
    expect(ours.encode({ byInt64: { '-5': 'a' }, byUint64: { '18446744073709551615': 'b' } })).toEqual(bytes);
    expect(ours.decode(bytes)).toEqual({ byInt64: { '-5': 'a' }, byUint64: { '18446744073709551615': 'b' } });
    expect(Object.keys((theirs.deserialize(bytes) as { byInt64: object }).byInt64)[0]).toHaveLength(8);
  });

  test('a map key `false` is encoded as false: theirs as true, since every string is', () => {
    const { ours, theirs } = pairOf(KITCHEN_SINK, 'parity.v1.LongKeys');
    const message = { byBool: { true: 'yes', false: 'no' } };
    expect(ours.decode(ours.encode(message))).toEqual(message);
    expect(theirs.deserialize(theirs.serialize(message))).toEqual({ byBool: { true: 'no' } });
  });

  test('the last member of a oneof takes the place of the others, as the specification says', () => {
    const { ours, theirs } = pairOf(KITCHEN_SINK, 'parity.v1.Choice', { oneofs: true });
    const bytes = hex('12 01 61 18 05');
    expect(ours.decode(bytes)).toEqual({ numberKind: 5, kind: 'numberKind' });
    expect(theirs.deserialize(bytes)).toEqual({ textKind: 'a', numberKind: 5, kind: 'numberKind' });
    expect(ours.decode(hex('18 05 12 01 61'))).toEqual({ textKind: 'a', kind: 'textKind' });
  });

  test('a message that came twice is merged, as the specification says', () => {
    const { ours, theirs } = pairOf(KITCHEN_SINK, 'parity.v1.Optionals', { longs: Number });
    const bytes = hex('32 02 08 01 32 02 30 07');
    expect(ours.decode(bytes)).toEqual({ scalars: { anInt32: 1, anInt64: 7 } });
    expect(theirs.deserialize(bytes)).toEqual({ scalars: { anInt64: 7 } });
  });

  test('a field with another wire type is an unknown field: theirs reads on in the middle of it', () => {
    const { ours, theirs } = pairOf(KITCHEN_SINK, 'parity.v1.Scalars');
    const bytes = hex('0a 01 05 70 07');
    expect(ours.decode(bytes)).toEqual({});
    expect(theirs.deserialize(hex('0a 01'))).toEqual({ anInt32: 1 });
    expect(ours.decode(hex('0d 01 00 00 00 10 02'))).toEqual({ aSint32: 1 });
  });

  test('a map entry without a value holds what `longs` says: theirs holds the number 0', () => {
    const { ours, theirs } = pairOf(KITCHEN_SINK, 'parity.v1.Maps', { longs: BigInt });
    expect(ours.decode(hex('12 00'))).toEqual({ counts: { '': 0n } });
    expect(theirs.deserialize(hex('12 00'))).toEqual({ counts: { '': 0n } });
    expect(pairOf(KITCHEN_SINK, 'parity.v1.Maps').theirs.deserialize(hex('12 00'))).toEqual({ counts: { '': 0 } });
    expect(pairOf(KITCHEN_SINK, 'parity.v1.Maps').ours.decode(hex('12 00'))).toMatchObject({
      counts: { '': { low: 0 } },
    });
  });

  test('a map entry without a message holds an empty one, with its defaults', () => {
    const { ours } = pairOf(KITCHEN_SINK, 'parity.v1.Maps', { defaults: true, longs: String });
    expect(ours.decode(hex('1a 03 0a 01 61'))).toMatchObject({ leaves: { a: { name: '', weight: '0' } } });
  });

  test('a string that is not UTF-8 is refused in proto3, as Go does, and mended in proto2', () => {
    const proto3 = pairOf(KITCHEN_SINK, 'parity.v1.Scalars');
    expect(() => proto3.ours.decode(hex('72 01 ff'))).toThrow('parity.v1.Scalars: a string is not valid UTF-8');
    expect(proto3.theirs.deserialize(hex('72 01 ff'))).toEqual({ aString: '\ufffd' });
    expect(proto3.ours.decode(hex('72 03 ef bf bd'))).toEqual({ aString: '\ufffd' });
    expect(pairOf(PROTO2, 'parity.v2.Old').ours.decode(hex('0a 01 ff'))).toEqual({ id: '\ufffd' });
  });

  test('`bytes: String` gives default values as base64, too: theirs is the text of the .proto file', () => {
    const { ours, theirs } = pairOf(PROTO2, 'parity.v2.Old', { bytes: String, defaults: true });
    expect(ours.decode(hex('0a 00'))).toMatchObject({ raw: Buffer.from('abc').toString('base64') });
    expect(theirs.deserialize(hex('0a 00'))).toMatchObject({ raw: 'abc' });
  });

  test('lone surrogates become U+FFFD: peers refuse them', () => {
    const { ours } = pairOf(KITCHEN_SINK, 'parity.v1.Scalars');
    for (const text of ['\ud800', 'a\udc00b', `${'x'.repeat(50)}\ud83d`, `\ud83d${'é'.repeat(200)}`]) {
      expect(ours.decode(ours.encode({ aString: text }))).toEqual({
        aString: text.replace(/[\ud800-\udfff]/g, '\ufffd'),
      });
    }
  });
});

/** Files are parsed once for each type and options: there are many cases. */
function pairFor(typeName: string, options: LoaderOptions): Pair {
  const byOptions = pairs.get(typeName) ?? new Map<LoaderOptions, Pair>();
  pairs.set(typeName, byOptions);
  const pair =
    byOptions.get(options) ?? pairOf(typeName.startsWith('parity.v2.') ? PROTO2 : KITCHEN_SINK, typeName, options);
  byOptions.set(options, pair);
  return pair;
}

/** The one known fault of theirs that reaches these tables: see "`bytes: String` gives default values as base64". */
function withoutKnownFaults(typeName: string, options: LoaderOptions, message: unknown): unknown {
  if (!typeName.startsWith('parity.v2.') || options.bytes !== String) return message;
  return JSON.parse(JSON.stringify(message).replaceAll('"raw":"abc"', '"raw":"YWJj"')) as unknown;
}

/** True when a number in it is beyond what a double holds exactly. */
function isLossy(value: unknown): boolean {
  if (typeof value === 'number')
    return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 2 ** 65;
  return typeof value === 'object' && value !== null && Object.values(value).some(isLossy);
}

/** True when objects are of no class but Object (Buffers and Longs aside). */
function arePlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return true;
  if (Array.isArray(value)) return value.every(arePlain);
  if (Object.hasOwn(value, 'low') && Object.hasOwn(value, 'high')) return true;
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(arePlain);
}
