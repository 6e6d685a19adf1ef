import { expect, it } from '@jest/globals';
import { CONTROL_CHARACTERS } from '../../../../src/protocol/core/control-characters.js';

const found = (codes: number[]): number[] =>
  [...String.fromCharCode(...codes).matchAll(CONTROL_CHARACTERS)].map(([each]) => each.charCodeAt(0));
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

it('has what controls a terminal, ends a line, turns the direction of writing or is not seen', () => {
  const all = [
    ...range(0x00, 0x1f),
    ...range(0x7f, 0x9f),
    0x61c,
    ...range(0x200e, 0x200f),
    ...range(0x2028, 0x202e),
    ...range(0x2066, 0x2069),
    0xfeff,
  ];
  expect(found(all)).toEqual(all);
});

it('has no character of a text', () => {
  const next = [0x20, 0x7e, 0xa0, 0x61b, 0x61d, 0x200d, 0x2010, 0x2027, 0x202f, 0x2065, 0x206a, 0xfefe];
  expect(found([...next, ...Buffer.from('aZ09\\"')])).toEqual([]);
});
