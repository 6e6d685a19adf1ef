import { expect, it } from '@jest/globals';
import { Backoff } from '../../../../src/protocol/client/backoff.js';

it('Backoff grows to its bound and begins again', () => {
  const backoff = new Backoff({ initialMs: 10, factor: 2, maxMs: 40, jitter: 0 });
  expect([1, 2, 3, 4].map(() => backoff.next())).toEqual([10, 20, 40, 40]);
  backoff.reset();
  expect(backoff.next()).toBe(10);
  expect(() => new Backoff({ jitter: 2 })).toThrow('reconnect.jitter: expected a number from 0 to 1, got 2');
});
