import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DecodeError, type LoaderOptions } from '../../../src/schema/index.js';
import { KITCHEN_SINK } from './kitchen-sink.js';
import { pairOf } from './proto-fixture.js';

// Decimal strings, since that is the one form of 64-bit integers that both libraries encode in full.
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const int32 = fc.integer();
const uint32 = fc.nat({ max: 0xffff_ffff });
const text = fc.string({ unit: 'grapheme', maxLength: 60 });
const bytes = fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value));
const color = fc.oneof(fc.constantFrom('COLOR_RED', 'COLOR_NEGATIVE'), int32);
const float = fc.float();
const leaf = partial({ name: text, weight: int64 });

const MESSAGES: Readonly<Record<string, fc.Arbitrary<object>>> = {
  Scalars: partial({
    anInt32: int32,
    aSint32: int32,
    anUint32: uint32,
    aFixed32: uint32,
    aSfixed32: int32,
    anInt64: int64,
    aSint64: int64,
    anUint64: uint64,
    aFixed64: uint64,
    aSfixed64: int64,
    aFloat: float,
    aDouble: fc.double(),
    aBool: fc.boolean(),
    aString: text,
    someBytes: bytes,
    aColor: color,
    highNumber: int32,
  }),
  Repeateds: partial({
    int32s: fc.array(int32),
    sint64s: fc.array(int64),
    fixed32s: fc.array(uint32),
    doubles: fc.array(fc.double()),
    bools: fc.array(fc.boolean()),
    strings: fc.array(text),
    bytesList: fc.array(bytes),
    colors: fc.array(color),
    leaves: fc.array(leaf),
    unpacked: fc.array(int32),
    uint64s: fc.array(uint64),
    floats: fc.array(float),
  }),
  Maps: partial({
    labels: fc.dictionary(text, text),
    counts: fc.dictionary(text, int64),
    leaves: fc.dictionary(text, leaf),
    byInt32: fc.dictionary(int32.map(String), text),
    colors: fc.dictionary(text, color),
    blobs: fc.dictionary(text, bytes),
  }),
  Choice: fc
    .tuple(
      partial({ before: text }),
      fc.oneof(partial({ textKind: text }), partial({ leafKind: leaf }), partial({ bytesKind: bytes })),
      fc.oneof(partial({ yes: fc.boolean() }), partial({ maybe: int64 })),
    )
    .map(([first, second, third]) => ({ ...first, ...second, ...third })),
  Tree: fc.letrec<{ tree: object }>((tie) => ({
    tree: partial({
      name: text,
      left: fc.option(tie('tree'), { maxDepth: 3, nil: undefined }),
      children: fc.array(tie('tree'), { maxLength: 2, depthIdentifier: 'tree' }),
      named: fc.dictionary(text, tie('tree'), { maxKeys: 2, depthIdentifier: 'tree' }),
    }),
  })).tree,
};

const OPTIONS: readonly LoaderOptions[] = [
  { longs: String },
  { longs: String, enums: String, bytes: String, defaults: true, oneofs: true, json: true },
];

describe.each(Object.keys(MESSAGES))('%s', (name) => {
  const arbitrary = MESSAGES[name] as fc.Arbitrary<object>;

  test.each(OPTIONS)('random messages are what @grpc/proto-loader makes of them, with %j', (options) => {
    const { ours, theirs } = pairOf(KITCHEN_SINK, `parity.v1.${name}`, options);
    fc.assert(
      fc.property(arbitrary, (message) => {
        const encoded = theirs.serialize(message);
        expect(Buffer.from(ours.encode(message)).equals(encoded)).toBe(true);
        expect(ours.decode(encoded)).toEqual(theirs.deserialize(encoded));
      }),
      { numRuns: 60 },
    );
  });

  test('damaged bytes are a message or a DecodeError', () => {
    const { ours } = pairOf(KITCHEN_SINK, `parity.v1.${name}`);
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(arbitrary, damage, (message, changes) => {
        const damaged = Buffer.from(ours.encode(message));
        for (const [at, byte] of changes) if (damaged.length > 0) damaged[at % damaged.length] = byte;
        try {
          ours.encode(ours.decode(damaged));
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('random bytes are a message or a DecodeError', () => {
    const { ours } = pairOf(KITCHEN_SINK, `parity.v1.${name}`);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
        try {
          ours.encode(ours.decode(random));
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Objects of which each field may be there or not. */
function partial(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  return fc.record(fields, { requiredKeys: [] });
}
