import { describe, expect, test } from '@jest/globals';
import { templateOf } from '../../src/cli/json/template.js';
import type protobuf from 'protobufjs';
import { echoed, schemasOf } from './json-schemas.js';

// Names that every object of JavaScript has: of fields, of types and of keys.
const PROTO = `
syntax = "proto3";
import "google/protobuf/any.proto";
import "google/protobuf/struct.proto";
message Sub { string s = 1; }
message Scalars {
  int64 constructor = 1;
  string toString = 2;
  bytes valueOf = 3;
  bool hasOwnProperty = 4;
  repeated string isPrototypeOf = 5;
  int32 ok = 6;
}
message Maps { map<string, string> constructor = 1; map<string, Sub> toString = 2; int32 ok = 3; }
message Messages { Sub constructor = 1; repeated Sub valueOf = 2; int32 ok = 3; }
message Either { oneof which { string constructor = 1; Sub toString = 2; int32 ok = 3; } }
message Odd { int32 __proto__ = 1; int32 ok = 2; }
message Named { int32 odd = 1 [json_name = "__proto__"]; int32 ok = 2; }
message Free { google.protobuf.Struct st = 1; google.protobuf.Any any = 2; }
message constructor { int32 ok = 1; }
`;

describe.each(schemasOf(PROTO))('with %s', (_source, schema) => {
  test.each(['Scalars', 'Maps', 'Messages', 'Either', 'Odd', 'Named', 'constructor'])(
    'fields of %s that were not sent are not there',
    (name) => {
      expect(echoed(schema, name, '{"ok":1}')).toBe('{"ok":1}');
      expect(echoed(schema, name, '{}')).toBe('{}');
    },
  );

  test.each([
    [
      'Scalars',
      '{"constructor":"5","toString":"a","valueOf":"AQI=","hasOwnProperty":true,"isPrototypeOf":["x","y"],"ok":1}',
    ],
    ['Maps', '{"constructor":{"__proto__":"x","constructor":"y"},"toString":{"__proto__":{"s":"a"},"valueOf":{}}}'],
    ['Messages', '{"constructor":{"s":"a"},"valueOf":[{"s":"b"},{}]}'],
    ['Either', '{"constructor":"a"}'],
    ['Either', '{"toString":{"s":"a"}}'],
    ['Odd', '{"Proto":1}'],
    ['Named', '{"__proto__":1}'],
    ['Free', '{"st":{"__proto__":1,"constructor":{"__proto__":null}}}'],
    ['Free', '{"any":{"@type":"type.googleapis.com/Named","__proto__":1}}'],
    ['Free', '{"any":{"@type":"type.googleapis.com/constructor","ok":1}}'],
  ])('%s: %s', (name, json) => {
    expect(echoed(schema, name, json)).toBe(json);
  });

  test('the field __proto__ may be given by its name', () => {
    expect(echoed(schema, 'Odd', '{"__proto__":1}')).toBe('{"Proto":1}');
  });

  test('defaults', () => {
    expect(echoed(schema, 'Scalars', '{}', true)).toBe(
      '{"constructor":"0","toString":"","valueOf":"","hasOwnProperty":false,"isPrototypeOf":[],"ok":0}',
    );
    expect(echoed(schema, 'Maps', '{}', true)).toBe('{"constructor":{},"toString":{},"ok":0}');
    expect(echoed(schema, 'Named', '{}', true)).toBe('{"__proto__":0,"ok":0}');
  });

  test('templates', () => {
    const templates = ['Named', 'Messages'].map((name) => templateOf(schema.find(name) as protobuf.Type));
    expect(JSON.stringify(templates)).toBe(
      '[{"__proto__":0,"ok":0},{"constructor":{"s":""},"valueOf":[{"s":""}],"ok":0}]',
    );
  });
});
