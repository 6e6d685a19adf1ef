import { expect, it } from '@jest/globals';
import { Budget } from '../../../../src/protocol/core/budget.js';

it('Budget: a share of a larger one', () => {
  const server = new Budget(10);
  const one = new Budget(8, server);
  const two = new Budget(8, server);
  expect(one.take(8)).toBeUndefined();
  expect(two.take(3)).toBe(10);
  expect(one.take(1)).toBe(8);
  one.give(8);
  expect(two.take(8)).toBeUndefined();
  expect(server.used).toBe(8);
});
