import { describe, expect, test } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TtrpcError, TtrpcStatus } from '../../../src/protocol/index.js';
import type { LoaderOptions } from '../../../src/schema/index.js';
import { codecOf, errorOf, hex, schemaOf } from './proto-fixture.js';

const SIZE = 512 * 1024;

const LISTS = Array.from({ length: 11 }, (_, i) => `repeated string r${i} = ${i + 1};`).join(' ');
const PROTO = `
  syntax = "proto3";
  package p;
  message E {}
  message Lists { ${LISTS} }
  message R {
    repeated E messages = 1;
    repeated bytes bytes = 2;
    repeated fixed64 longs = 3;
    repeated Lists lists = 4;
    repeated string strings = 7;
    repeated uint64 small = 9;
  }
`;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function times(unit: string): Buffer {
  const bytes = hex(unit);
  return Buffer.alloc(SIZE - (SIZE % bytes.length), bytes);
}

function packed(tag: string, byte: number): Buffer {
  return hex(tag, '808020', Buffer.alloc(SIZE, byte));
}

/** Each message that blows up: what its units are, and the options that make it worst. */
const CASES: readonly [string, Buffer, LoaderOptions][] = [
  ['empty messages', times('0a00'), {}],
  ['bytes of one byte', times('120141'), {}],
  ['strings of two characters', times('3a026162'), {}],
  ['packed 64-bit integers', packed('1a', 0xc1), {}],
  ['messages of eleven lists with their defaults', times('2200'), { defaults: true }],
  ['messages with an unknown field', times('0a020801'), {}],
];

describe('the memory that decoding makes is counted', () => {
  test.each(CASES)('%s: at least what the heap says, at most three times as much', (_, bytes, loader) => {
    const codec = codecOf(schemaOf(PROTO, { loader }), 'p.R');
    codec.decode(bytes.subarray(0, 0));
    let counted = 0;
    // A function of its own, so that nothing holds the message of the round before when the next one is measured.
    const round = (): number => {
      counted = 0;
      collect();
      collect();
      const before = process.memoryUsage();
      const message = codec.decode(bytes, { take: (made) => (counted += made) });
      collect();
      const after = process.memoryUsage();
      expect(message).toBeDefined();
      return after.heapUsed + after.external - before.heapUsed - before.external;
    };
    // What else the process frees meanwhile falls into the difference: the greatest of a few is that of the message.
    const used = Math.max(round(), round(), round());
    expect(used).toBeGreaterThan(2 * SIZE);
    expect(counted / used).toBeGreaterThan(0.9);
    expect(counted / used).toBeLessThan(3);
  });

  test('what is shared takes little: empty bytes, small Longs', () => {
    const codec = codecOf(schemaOf(PROTO), 'p.R');
    let counted = 0;
    const budget = { take: (made: number) => (counted += made) };
    const { bytes } = codec.decode(hex('1200 1200'), budget) as { bytes: Buffer[] };
    expect(bytes[0]).toBe(bytes[1]);
    const { small } = codec.decode(packed('4a', 5), budget) as { small: object[] };
    expect(small[0]).toBe(small[1]);
    expect(Object.isFrozen(small[0])).toBe(true);
    expect(counted).toBeLessThan(12 * SIZE);
  });

  test('decoding ends as soon as the budget is used up, with the error that the budget throws', () => {
    const codec = codecOf(schemaOf(PROTO), 'p.R');
    let counted = 0;
    const budget = {
      take(made: number) {
        counted += made;
        if (counted > 100_000) throw new TtrpcError(TtrpcStatus.RESOURCE_EXHAUSTED, 'too much');
      },
    };
    const error = errorOf<TtrpcError>(() => codec.decode(times('0a00'), budget));
    expect(error.code).toBe(TtrpcStatus.RESOURCE_EXHAUSTED);
    expect(counted).toBeLessThan(110_000);
    // The reader, which all share, is free again.
    expect(codec.decode(hex('3a0161'))).toEqual({ strings: ['a'] });
  });
});
