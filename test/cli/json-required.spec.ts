import { describe, expect, test } from '@jest/globals';
import { echoed, schemasOf } from './json-schemas.js';

const PROTO2 = `
syntax = "proto2";
package r;
import "google/protobuf/any.proto";
message M {
  required int32 must_be = 1;
  optional M one = 2;
  repeated M many = 3;
  map<string, M> map = 4;
  extensions 10;
}
message Around { optional M m = 1; optional google.protobuf.Any any = 2; }
extend M { optional M more = 10; }
`;

const EDITION = PROTO2.replace('syntax = "proto2"', 'edition = "2023"')
  .replace('required int32 must_be = 1', 'int32 must_be = 1 [features.field_presence = LEGACY_REQUIRED]')
  .replaceAll('optional ', '');

describe.each([
  ...schemasOf(PROTO2).map(([source, schema]) => [`proto2, ${source}`, schema] as const),
  ...schemasOf(EDITION).map(([source, schema]) => [`an edition, ${source}`, schema] as const),
])('required fields of %s', (_source, schema) => {
  test.each([
    ['r.M', '{}', 'mustBe'],
    ['r.M', '{"mustBe":null}', 'mustBe'],
    ['r.M', '{"mustBe":1,"one":{}}', 'one.mustBe'],
    ['r.M', '{"mustBe":1,"many":[{"mustBe":1},{}]}', 'many[1].mustBe'],
    ['r.M', '{"mustBe":1,"map":{"a":{}}}', 'map["a"].mustBe'],
    ['r.M', '{"mustBe":1,"[r.more]":{}}', '[r.more].mustBe'],
    ['r.Around', '{"any":{"@type":"type.googleapis.com/r.M"}}', 'any.mustBe'],
    ['r.Around', '{"any":{"@type":"type.googleapis.com/.r.M"}}', 'any.mustBe'],
  ])('%s from %s lacks one', (type, json, path) => {
    expect(() => echoed(schema, type, json)).toThrow(`${path}: expected a value: r.M requires it, got nothing`);
  });

  test.each([
    ['r.M', '{"mustBe":0}'],
    ['r.Around', '{}'],
    ['r.Around', '{"m":{"mustBe":0,"one":{"mustBe":1}}}'],
  ])('%s from %s has them', (type, json) => {
    expect(echoed(schema, type, json)).toBe(json);
  });
});
