import { describe, expect, test } from '@jest/globals';
import { echoed, schemasOf } from './json-schemas.js';

const PROTO = `
syntax = "proto3";
package t;
import "google/protobuf/wrappers.proto";
message Wrapped {
  google.protobuf.BytesValue bytes = 1;
  google.protobuf.StringValue string = 2;
  google.protobuf.Int64Value long = 3;
  google.protobuf.BoolValue bool = 4;
  repeated google.protobuf.BytesValue many = 5;
}
`;

describe.each(schemasOf(PROTO))('with %s', (_source, schema) => {
  test('wrappers that are there and hold their zero', () => {
    const json = '{"bytes":"","string":"","long":"0","bool":false,"many":["","AQI="]}';
    expect(echoed(schema, 't.Wrapped', json)).toBe(json);
  });
});
