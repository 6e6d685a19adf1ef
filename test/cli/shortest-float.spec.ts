import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { shortestFloat } from '../../src/cli/json/shortest-float.js';

/** What strconv.FormatFloat of Go says with 32 bits. */
test.each([
  [0.1, '0.1'],
  [-1 / 3, '-0.33333334'],
  [2 ** 24, '16777216'],
  [2 ** 24 + 2, '16777218'],
  [2 ** 25 + 4, '33554436'],
  [2 ** 30, '1073741800'],
  [2 ** 128 - 2 ** 104, '3.4028235e+38'],
  [2 ** -126, '1.1754944e-38'],
  [2 ** -126 - 2 ** -149, '1.1754942e-38'],
  [2 ** -149, '1e-45'],
  [-3 * 2 ** -149, '-4e-45'],
  [1048576.25, '1048576.2'],
  [1048576.75, '1048576.8'],
  [-343854.625, '-343854.62'],
  [0, '0'],
])('%d as a float is %s', (float, text) => {
  expect(String(shortestFloat(Math.fround(float)))).toBe(text);
});

test('any float is read back, and no decimal with fewer digits is it', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (float) => {
      const short = shortestFloat(float);
      expect(Math.fround(short)).toBe(float);
      const digits = short.toExponential().replace(/e.*|\D/g, '').length;
      if (digits > 1 && digits < 9) expect(Math.fround(Number(float.toPrecision(digits - 1)))).not.toBe(float);
    }),
  );
});
