import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CallTable, type Identified } from '../../../../src/protocol/connection/call-table.js';

/** Ids as a client gives them, ids far apart, and ids that a plain table would put on one place. */
const id = fc.oneof(
  fc.integer({ min: 0, max: 200 }).map((n) => 2 * n + 1),
  fc.integer({ min: 0, max: 2 ** 31 - 1 }).map((n) => 2 * n + 1),
  fc.integer({ min: 0, max: 63 }).map((n) => n * 2 ** 26 + 1),
);

describe('CallTable', () => {
  it('holds what a Map would hold', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), id), { maxLength: 400 }), (steps) => {
        const table = new CallTable<Identified>();
        const model = new Map<number, Identified>();
        for (const [adds, each] of steps) {
          const known = model.get(each);
          expect(table.get(each)).toBe(known);
          if (known && !adds) {
            expect(table.delete(known)).toBe(true);
            model.delete(each);
          } else if (!known && adds) {
            const call = { id: each };
            table.add(call);
            model.set(each, call);
          }
          expect(table.delete({ id: each })).toBe(false);
          expect(table.size).toBe(model.size);
        }
        expect(table.all()).toEqual([...model.values()].sort((one, other) => one.id - other.id));
        for (const call of model.values()) expect(table.get(call.id)).toBe(call);
      }),
    );
  });

  it('finds each of many calls while others come and go', () => {
    const table = new CallTable<Identified>();
    const calls: Identified[] = [];
    for (let next = 1; next < 8_000; next += 2) {
      const call = { id: next };
      calls.push(call);
      table.add(call);
      if (calls.length > 1000) {
        const [gone] = calls.splice((next * 7919) % calls.length, 1) as [Identified];
        expect(table.delete(gone)).toBe(true);
        expect(table.get(gone.id)).toBeUndefined();
      }
    }
    expect(table.size).toBe(1000);
    for (const call of calls) expect(table.get(call.id)).toBe(call);
  });

  it('does not search long for ids that a peer has chosen to be alike', () => {
    const table = new CallTable<Identified>();
    const calls = Array.from({ length: 4096 }, (_, n) => ({ id: n * 2 ** 20 + 1 }));
    let steps = 0;
    for (const call of calls)
      table.add({
        get id() {
          steps++;
          return call.id;
        },
      });
    steps = 0;
    for (const { id: each } of calls) expect(table.get(each)?.id).toBe(each);
    expect(steps).toBeLessThan(20 * calls.length);
  });
});
