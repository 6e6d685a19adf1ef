import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { nodeCrypto } from '../../../../src/protocol/core/node-crypto.js';
import { randomUint32, readDevice } from '../../../../src/protocol/core/random.js';

describe('randomUint32', () => {
  test('gives integers of 32 bits that differ', () => {
    const drawn = Array.from({ length: 64 }, randomUint32);
    for (const value of drawn) expect(value >>> 0).toBe(value);
    expect(new Set(drawn).size).toBeGreaterThan(60);
    // Both halves of the range: a value of fewer bits would not show in the set.
    expect(drawn.some((value) => value >= 2 ** 31)).toBe(true);
  });

  test('has no device where there is none, where it cannot be read, and where it ends', () => {
    expect(readDevice('/no/such/device')).toBeUndefined();
    expect(readDevice('/')).toBeUndefined();
    expect(readDevice('/dev/null')).toBeUndefined();
  });

  test('falls back to node:crypto, the module that an import gives', () => {
    expect(nodeCrypto().createHash('sha256').update('a').digest('hex')).toBe(
      createHash('sha256').update('a').digest('hex'),
    );
    expect(nodeCrypto().randomInt(2 ** 32)).toBeLessThan(2 ** 32);
  });
});
