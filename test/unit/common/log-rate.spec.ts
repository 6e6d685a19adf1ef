import { describe, expect, it } from '@jest/globals';
import { LogRate, standsFor } from '../../../src/common/log-rate.js';

describe('LogRate', () => {
  it('admits the first line of a kind at once, then one each 10 s, with the number of those between', () => {
    let now = 0;
    const rate = new LogRate(() => now);
    expect(rate.admit('a')).toBe(0);
    expect(rate.admit('a')).toBeUndefined();
    expect(rate.admit('b')).toBe(0);
    now = 9_999;
    expect(rate.admit('a')).toBeUndefined();
    now = 10_000;
    expect(rate.admit('a')).toBe(2);
    expect(rate.admit('a')).toBeUndefined();
    now = 20_000;
    expect(rate.admit('a')).toBe(1);
  });

  it('forgets the oldest of more than 1,000 kinds', () => {
    const rate = new LogRate(() => 0);
    for (let kind = 0; kind <= 1000; kind++) expect(rate.admit(String(kind))).toBe(0);
    expect(rate.admit('1')).toBeUndefined();
    expect(rate.admit('0')).toBe(0);
  });

  it('says how many lines one stands for', () => {
    expect(standsFor(0)).toBe('');
    expect(standsFor(5)).toBe(' (and 5 more since the last such line)');
  });
});
