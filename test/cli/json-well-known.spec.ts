import { describe, expect, test } from '@jest/globals';
import type protobuf from 'protobufjs';
import { echoed, schemasOf } from './json-schemas.js';

const PROTO = `
syntax = "proto3";
package t;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message M {
  google.protobuf.Timestamp ts = 1;
  google.protobuf.Duration du = 2;
  google.protobuf.FieldMask fm = 3;
  google.protobuf.Value va = 4;
  repeated M ms = 5;
  map<string, M> map = 6;
  google.protobuf.Struct st = 7;
  google.protobuf.Any any = 8;
  map<string, google.protobuf.Value> values = 9;
  map<string, google.protobuf.NullValue> nulls = 10;
  repeated google.protobuf.Value list = 11;
  repeated google.protobuf.NullValue null_list = 12;
}
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

  const m = (json: string): string => echoed(schema, 't.M', json);

  test.each([
    ['2026-01-31T12:00:00Z'],
    ['2026-01-31T12:00:00.100Z'],
    ['2026-01-31T12:00:00.123456Z'],
    ['2026-01-31T12:00:00.123456789Z'],
    ['2024-02-29T00:00:00Z'],
    ['1969-12-31T23:59:59.500Z'],
    ['0001-01-01T00:00:00Z'],
    ['9999-12-31T23:59:59.999999999Z'],
    ['2026-01-31T12:00:00+01:30', '2026-01-31T10:30:00Z'],
    ['2026-01-31T00:00:00.5-01:00', '2026-01-31T01:00:00.500Z'],
    ['0001-01-01T01:00:00+01:00', '0001-01-01T00:00:00Z'],
  ])('the time %s', (given, printed = given) => {
    expect(m(`{"ts":"${given}"}`)).toBe(`{"ts":"${printed}"}`);
  });

  test.each([
    '2026-02-30T12:00:00Z',
    '2026-02-29T12:00:00Z',
    '2026-04-31T12:00:00+02:00',
    '2026-00-10T12:00:00Z',
    '2026-13-01T12:00:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T23:59:60Z',
    '2026-01-31T23:60:00Z',
    '2026-01-31T12:00:00+25:00',
    '2026-01-31T12:00:00',
    '2026-01-31t12:00:00Z',
    '2026-01-31T12:00:00z',
    '2026-01-31 12:00:00Z',
    '2026-01-31T12:00:00.1234567891Z',
    '10000-01-01T00:00:00Z',
  ])('%s is no time', (text) => {
    expect(() => m(`{"ms":[{"ts":"${text}"}]}`)).toThrow(
      `ms[0].ts: expected a time such as "2026-01-31T12:00:00Z", got "${text}"`,
    );
  });

  test.each(['0000-12-31T00:00:00Z', '0001-01-01T00:00:00+01:00', '9999-12-31T23:59:59-01:00', '0000-01-01T00:00:00Z'])(
    'the time %s is out of range',
    (text) => {
      expect(() => m(`{"ts":"${text}"}`)).toThrow(
        `ts: expected a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z, got "${text}"`,
      );
    },
  );

  test.each([
    ['0s'],
    ['1.500s'],
    ['-0.500s'],
    ['1.000000001s'],
    ['315576000000s'],
    ['-315576000000.999999999s'],
    ['-0s', '0s'],
    ['-0.0s', '0s'],
    ['+1s', '1s'],
    ['.5s', '0.500s'],
    ['-.5s', '-0.500s'],
    ['1.s', '1s'],
    ['+0.s', '0s'],
  ])('the duration %s', (given, printed = given) => {
    expect(m(`{"du":"${given}"}`)).toBe(`{"du":"${printed}"}`);
  });

  test.each(['315576000001s', '-315576000001s', '999999999999s'])('the duration %s is out of range', (text) => {
    expect(() => m(`{"du":"${text}"}`)).toThrow(
      /^du: expected a duration from -315576000000\.9+s to 3.*, got "-?\d+s"$/,
    );
  });

  test.each(['', 's', '.s', '-s', '+.s', '+-1s', '01s', '1', '1 s', ' 1s', '1e3s', '1.0000000000s', '1m'])(
    '%j is no duration',
    (text) => {
      expect(() => m(`{"du":"${text}"}`)).toThrow(`du: expected`);
    },
  );

  test.each(['fooBar,baz.quxQuux', 'foo3Bar', '', 'Foo', '*', 'a.*.b', 'labels.example.com/some-key'])(
    'the mask %j',
    (mask) => {
      expect(m(`{"fm":"${mask}"}`)).toBe(`{"fm":"${mask}"}`);
    },
  );

  test('white space around a mask is none of its', () => {
    expect(m('{"fm":" a,b "}')).toBe('{"fm":"a,b"}');
  });

  test.each([
    'foo_bar',
    'a,b.c_d',
    'foo_',
    'foo_3',
    'a,,b',
    ',',
    'a,',
    ' a , b',
    'a b',
    '1a',
    'a..b',
    'a.',
    '.a',
    'a-b',
  ])('the mask %s is none in JSON', (mask) => {
    expect(() => m(`{"fm":"${mask}"}`)).toThrow(
      `fm: expected paths of fields in lowerCamelCase, separated by commas, got "${mask}"`,
    );
  });

  test.each([
    ['{"@type":"x/google.protobuf.Duration","value":"1s","extra":1}', 'extra', 'google.protobuf.Duration'],
    ['{"extra":1,"@type":"x/google.protobuf.Value","value":null}', 'extra', 'google.protobuf.Value'],
    ['{"@type":"x/google.protobuf.Int32Value","value":1,"@value":""}', '@value', 'google.protobuf.Int32Value'],
    ['{"@type":"x/google.protobuf.Empty","value":{},"extra":null}', 'extra', 'google.protobuf.Empty'],
  ])('the Any %s has a member that means nothing', (any, name, type) => {
    expect(() => m(`{"ms":[{"any":${any}}]}`)).toThrow(
      `ms[0].any.${name}: beside @type an Any of ${type} has 'value' and nothing else`,
    );
  });

  test('an Any of an Empty, with and without its value', () => {
    const any = '"@type":"type.googleapis.com/google.protobuf.Empty"';
    expect(m(`{"any":{${any}}}`)).toBe(`{"any":{${any}}}`);
    expect(m(`{"any":{"value":{},${any}}}`)).toBe(`{"any":{${any}}}`);
    expect(() => m(`{"any":{${any},"value":null}}`)).toThrow(
      'any.value: expected an object (google.protobuf.Empty), got null',
    );
    expect(() => m(`{"any":{${any},"value":{"a":1}}}`)).toThrow(
      'any.value.a: google.protobuf.Empty has no such field: it has no fields.',
    );
    expect(() => m(`{"any":{${any},"extra":1}}`)).toThrow(
      'any.extra: google.protobuf.Empty has no such field: it has no fields.',
    );
  });

  test.each(['values', 'nulls', 'list', 'nullList', 'map'])(
    'null for %s, a list or a map, means that there is none',
    (name) => {
      expect(m(`{"${name}":null}`)).toBe('{}');
    },
  );

  test('null is a value within them', () => {
    const json = '{"values":{"a":null},"nulls":{"a":null},"list":[null],"nullList":[null]}';
    expect(m(json)).toBe(json);
    expect(() => m('{"map":{"a":null}}')).toThrow('map["a"]: expected an object (t.M), got null');
  });

  const printed = (message: object): string => {
    const type = schema.find('t.M') as protobuf.Type;
    return JSON.stringify(schema.toJson(type, schema.encode(type, message), false));
  };

  test.each([
    ['ts', { ts: { seconds: 253402300800 } }],
    ['ts', { ts: { seconds: -62135596801 } }],
    ['ts', { ts: { seconds: 1e15 } }],
    ['ts', { ts: { seconds: 1, nanos: -1 } }],
    ['ms[1].ts', { ms: [{}, { ts: { nanos: 1_000_000_000 } }] }],
    ['map["a"].ts', { map: { a: { ts: { nanos: -5 } } } }],
    ['du', { du: { seconds: 1, nanos: -1 } }],
    ['du', { du: { seconds: -1, nanos: 1 } }],
    ['du', { du: { seconds: 315576000001 } }],
    ['du', { du: { nanos: 1_000_000_000 } }],
    ['fm', { fm: { paths: ['fooBar'] } }],
    ['fm', { fm: { paths: ['ok', 'foo__bar'] } }],
    ['fm', { fm: { paths: ['foo_3'] } }],
    ['fm', { fm: { paths: [''] } }],
    ['fm', { fm: { paths: ['a,b'] } }],
    ['fm', { fm: { paths: [' a'] } }],
    ['fm', { fm: { paths: ['1a'] } }],
    ['va', { va: { numberValue: NaN } }],
    ['va', { va: {} }],
    ['va[0]', { va: { listValue: { values: [{}] } } }],
    ['st.a', { st: { fields: { a: {} } } }],
    ['va[1]', { va: { listValue: { values: [{ numberValue: 1 }, { numberValue: Infinity }] } } }],
    ['st.a.b', { st: { fields: { a: { structValue: { fields: { b: { numberValue: -Infinity } } } } } } }],
  ])('%s: %j has no form in JSON', (path, message) => {
    let said = '';
    try {
      printed(message);
    } catch (error) {
      said = (error as { message: string }).message;
    }
    expect(said.startsWith(`${path}: expected `)).toBe(true);
    expect(said).toMatch(/, got .+$/);
  });

  test('the words of such an error', () => {
    expect(() => printed({ ts: { seconds: 1, nanos: -1 } })).toThrow(
      'ts: expected a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z, got {"seconds":"1","nanos":-1}',
    );
    expect(() => printed({ va: { numberValue: NaN } })).toThrow('va: expected a finite number, got NaN');
    expect(() => printed({ va: {} })).toThrow('va: expected a value of some kind (google.protobuf.Value), got nothing');
    expect(printed({ va: { nullValue: 0 } })).toBe('{"va":null}');
  });

  test('an Any in an Any has a form as deep as anybody means it', () => {
    const type = schema.find('google.protobuf.Any') as protobuf.Type;
    const type_url = 'type.googleapis.com/google.protobuf.Any';
    const nested = (count: number): { type_url: string; value: Uint8Array } => {
      let value: Uint8Array = new Uint8Array();
      for (let at = 0; at < count; at++) value = schema.encode(type, { type_url, value });
      return { type_url, value };
    };
    expect(printed({ any: nested(20) })).not.toContain('@error');
    const deep = printed({ any: nested(5000) });
    expect(deep).toContain('"@error":"more than 32 Any within each other"');
    expect(deep.match(/\{/g)).toHaveLength(34);
  });

  test('within an Any it stands beside its bytes', () => {
    const type = schema.find('google.protobuf.Timestamp') as protobuf.Type;
    const value = schema.encode(type, { nanos: -1 });
    const any = { type_url: 'type.googleapis.com/google.protobuf.Timestamp', value };
    expect(printed({ any })).toMatch(/"@value":"[^"]+","@error":"expected a time from /);
  });
});
