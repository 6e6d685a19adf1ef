import { expect, test } from '@jest/globals';
import { closest, didYouMean, editDistance } from '../../../../src/protocol/core/suggest.js';

test.each([
  ['', '', 0],
  ['abc', 'abc', 0],
  ['abc', '', 3],
  ['kitten', 'sitting', 3],
  ['SayHelo', 'SayHello', 1],
  ['ab', 'ba', 2],
])('%j and %j are %d edits apart', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test.each([
  ['SayHelo', ['SayHello', 'SayGoodbye'], 'SayHello'],
  ['sayhello', ['SayHello'], 'SayHello'],
  ['Greter', ['demo.v1.Greeter', 'demo.v1.Other'], 'demo.v1.Greeter'],
  ['demo.v2.Greeter', ['demo.v1.Greeter'], 'demo.v1.Greeter'],
  ['x', ['y'], undefined],
  ['Billing', ['demo.v1.Greeter'], undefined],
  ['anything', [], undefined],
])('%j among %j means %j', (name, candidates, meant) => {
  expect(closest(name, candidates)).toBe(meant);
  expect(didYouMean(name, candidates)).toBe(meant === undefined ? '' : ` Did you mean '${meant}'?`);
});
