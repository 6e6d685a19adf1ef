import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exactInteger } from '../../src/cli/json/exact-integer.js';

test.each([
  ['0', 0n],
  ['-0', 0n],
  ['0e99999', 0n],
  ['007', 7n],
  ['1e18', 10n ** 18n],
  ['1E+19', 10n ** 19n],
  ['-1.5e1', -15n],
  ['9.007199254740993e15', 9007199254740993n],
  ['18446744073709551615.000', 2n ** 64n - 1n],
  ['0.0000000000000000000000000000000000000000001e43', 1n],
  [`${'1'.padEnd(300, '0')}e-290`, 10n ** 9n],
])('%s is exactly %s', (text, value) => {
  expect(exactInteger(text)).toBe(value);
});

test.each([
  '',
  '-',
  '+1',
  '1.',
  '.5',
  '1e',
  ' 1',
  '1 ',
  '0x1',
  '1.5',
  '15e-1',
  '1e-1',
  '1e20',
  '1e999999999999',
  'NaN',
])('%j is no such integer', (text) => {
  expect(exactInteger(text)).toBeUndefined();
});

test('it is the same wherever the point stands', () => {
  const wherever = fc.tuple(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), fc.nat(30));
  fc.assert(
    fc.property(wherever, ([integer, places]) => {
      const [sign, digits] = [
        integer < 0n ? '-' : '',
        String(integer)
          .replace('-', '')
          .padStart(places + 1, '0'),
      ];
      const at = digits.length - places;
      const text = `${sign}${digits.slice(0, at)}${places === 0 ? '' : `.${digits.slice(at)}`}e${places}`;
      expect(exactInteger(text)).toBe(integer);
    }),
  );
});
