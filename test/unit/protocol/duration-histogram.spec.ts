import { describe, expect, it } from '@jest/globals';
import { DURATION_BOUNDS_MS, DurationHistogram, percentile } from '../../../src/protocol/core/duration-histogram.js';
import { Random } from '../../support/random.js';

function filled(values: Iterable<number>): ReturnType<DurationHistogram['snapshot']> {
  const histogram = new DurationHistogram();
  for (const value of values) histogram.record(value);
  return histogram.snapshot();
}

it('has bounds that rise, with those that OpenTelemetry gives for rpcs among them', () => {
  expect(DURATION_BOUNDS_MS).toHaveLength(49);
  expect([...DURATION_BOUNDS_MS].sort((a, b) => a - b)).toEqual(DURATION_BOUNDS_MS);
  expect(DURATION_BOUNDS_MS).toEqual(
    expect.arrayContaining([5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000]),
  );
  expect([DURATION_BOUNDS_MS[0], DURATION_BOUNDS_MS.at(-1)]).toEqual([0.01, 75_000]);
});

it('counts a value at a bound below it, and one above all bounds in the last bucket', () => {
  const { buckets } = filled([0.01, 0.0100001, 75_000, 75_001, 0]);
  expect([buckets[0], buckets[1], buckets[48], buckets[49]]).toEqual([2, 1, 1, 1]);
});

it('is all zeros before the first call', () => {
  expect(filled([])).toMatchObject({ count: 0, sumMs: 0, minMs: 0, maxMs: 0, p50Ms: 0, p99Ms: 0 });
});

describe('percentile', () => {
  it('is right to the bucket, for values of all magnitudes', () => {
    const random = new Random(7);
    const values = Array.from({ length: 5000 }, () => 10 ** (random.next() * 6 - 2));
    const stats = filled(values);
    values.sort((a, b) => a - b);
    for (const share of [0.01, 0.25, 0.5, 0.9, 0.99, 0.999]) {
      const exact = values[Math.ceil(share * values.length) - 1] as number;
      const bound = DURATION_BOUNDS_MS.findIndex((each) => each >= exact);
      const got = percentile(stats, share);
      expect(got).toBeGreaterThanOrEqual((DURATION_BOUNDS_MS[bound - 1] ?? 0) * 0.999);
      expect(got).toBeLessThanOrEqual((DURATION_BOUNDS_MS[bound + 1] as number) * 1.001);
    }
    expect([percentile(stats, 0), percentile(stats, 1)]).toEqual([values[0], values.at(-1)]);
  });

  it('of one call is that call', () => {
    expect(filled([3.3])).toMatchObject({ p50Ms: 3.3, p90Ms: 3.3, p99Ms: 3.3 });
  });

  it.each([-0.1, 1.1, NaN])('refuses the share %p', (share) => {
    expect(() => percentile(filled([1]), share)).toThrow(
      new RangeError(`percentile: expected a share from 0 to 1, got ${share}`),
    );
  });
});
