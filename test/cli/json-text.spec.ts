import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { jsonText } from '../../src/cli/json/json-text.js';

test('-0 is written as such, wherever it stands', () => {
  expect(jsonText(-0)).toBe('-0');
  expect(jsonText({ a: [0, -0, { b: -0 }], c: '-0', d: '"-0', e: '\\udc80-0', f: undefined })).toBe(
    '{"a":[0,-0,{"b":-0}],"c":"-0","d":"\\"-0","e":"\\\\udc80-0"}',
  );
});

test('the text of any JSON is read back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json: unknown) => {
      expect(JSON.parse(jsonText(json))).toEqual(json);
    }),
  );
});
