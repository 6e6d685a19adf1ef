import { expect, it } from '@jest/globals';
import { checkTimeoutMs, timeoutNanoUntil } from '../../../../src/protocol/core/timer.js';

it('timeouts: at least one nanosecond, at most what a double holds', () => {
  expect(timeoutNanoUntil(100, 100)).toBe(1);
  expect(timeoutNanoUntil(101, 100)).toBe(1_000_000);
  expect(timeoutNanoUntil(1e15, 0)).toBe(Number.MAX_SAFE_INTEGER);
  for (const bad of [0, -1, NaN, '5']) expect(() => checkTimeoutMs(bad, 'timeoutMs')).toThrow(/^timeoutMs: expected/);
});
