import { describe, expect, test } from '@jest/globals';
import { codecOf, hex, schemaOf } from './proto-fixture.js';

const TEXT = `syntax = "proto2";
  message Inner { required int32 a = 1; required int32 b = 2; }
  message Outer {
    optional Inner inner = 1;
    repeated Inner list = 2;
    map<string, Inner> map = 3;
    oneof one { Inner first = 4; int32 second = 5; }
    optional group Box = 6 { required int32 c = 1; required int32 d = 2; }
    optional Outer outer = 7;
  }`;
const codec = codecOf(schemaOf(TEXT), 'Outer');

describe('required fields are checked on the whole message', () => {
  test('a message in two pieces, of which each lacks what the other has', () => {
    expect(codec.decode(hex('0a 02 08 01', '0a 02 10 02'))).toEqual({ inner: { a: 1, b: 2 } });
  });

  test('a group in two pieces', () => {
    expect(codec.decode(hex('33 08 01 34', '33 10 02 34'))).toEqual({ box: { c: 1, d: 2 } });
  });

  test("a map entry's value in two pieces", () => {
    expect(codec.decode(hex('1a 0b', '0a 01 6b', '12 02 08 01', '12 02 10 02'))).toEqual({
      map: { k: { a: 1, b: 2 } },
    });
  });

  test('a piece that another member of its oneof has replaced', () => {
    expect(codec.decode(hex('22 02 08 01', '28 05'))).toEqual({ second: 5 });
  });

  test.each([
    ['inner', '0a 02 08 01 0a 02 08 03', 'inner.b'],
    ['an item', '12 04 08 01 10 02 12 02 08 01', 'list[1].b'],
    ['a map', '1a 07 0a 01 6b 12 02 10 02', 'map[k].a'],
    ['further down', '3a 04 0a 02 08 01', 'outer.inner.b'],
  ])('missing in %s', (_, bytes, path) => {
    expect(() => codec.decode(hex(bytes))).toThrow(`Outer: required field '${path}' is missing`);
    // Nothing stays behind for the next message.
    expect(codec.decode(hex('28 05'))).toEqual({ second: 5 });
  });
});
