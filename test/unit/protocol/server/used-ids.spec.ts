import { describe, expect, it } from '@jest/globals';
import { BoundedSet, UsedIds } from '../../../../src/protocol/server/used-ids.js';

describe('stream ids', () => {
  it('each is used once; those that were passed over may come late', () => {
    const used = new UsedIds();
    expect([1, 1, 7, 5, 5, 3, 7, 9].map((id) => used.use(id))).toEqual([
      true,
      false,
      true,
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  it('a jump to the end of the id space costs bounded memory and time', () => {
    const used = new UsedIds();
    expect(used.use(1)).toBe(true);
    expect(used.use(0xffff_ffff)).toBe(true);
    expect(used.use(0xffff_fffd)).toBe(true);
    expect([3, 0xffff_ff01, 0xffff_ff01].map((id) => used.use(id))).toEqual([false, true, false]);
    // The oldest of too many gaps is forgotten: its ids count as used.
    const jumping = new UsedIds();
    for (let jump = 0; jump < 100_000; jump++) expect(jumping.use(1 + 40_000 * jump)).toBe(true);
    expect([3, 40_000 * 99_990 - 1].map((id) => jumping.use(id))).toEqual([false, true]);
  });

  it('a bounded set forgets its oldest', () => {
    const set = new BoundedSet();
    for (let id = 0; id < 2000; id++) set.add(id);
    expect(set.has(0)).toBe(false);
    expect(set.has(1999)).toBe(true);
  });
});
