import { describe, expect, test } from '@jest/globals';
import { echoed, schemasOf } from './json-schemas.js';

const PROTO = `
syntax = "proto3";
package t;
import "google/protobuf/struct.proto";
import "google/protobuf/wrappers.proto";
enum Sign { ZERO = 0; LEAST = -2147483648; }
message Kinds {
  double d = 1;
  float f = 2;
  int32 i = 3;
  string s = 4;
  Sign sign = 5;
  repeated double ds = 6;
  google.protobuf.Value va = 7;
  google.protobuf.DoubleValue wd = 8;
  int64 l = 9;
  uint64 u = 10;
  sfixed64 sf = 11;
  repeated fixed64 fs = 12;
  map<string, sint64> by_name = 13;
  google.protobuf.Int64Value wl = 14;
  repeated Kinds kinds = 15;
  bool b = 16;
  google.protobuf.FloatValue wf = 17;
  repeated float fl = 18;
  map<string, float> floats = 19;
}
`;

describe.each(schemasOf(PROTO))('with %s', (_source, schema) => {
  const kinds = (json: string): string => echoed(schema, 't.Kinds', json);

  test.each(['"NaN"', '"Infinity"', '"-Infinity"', '1.5', '-1.7976931348623157e+308'])('%s is a double', (value) => {
    expect(kinds(`{"d":${value}}`)).toBe(`{"d":${value}}`);
    expect(kinds(`{"ds":[${value}]}`)).toBe(`{"ds":[${value}]}`);
    expect(kinds(`{"wd":${value}}`)).toBe(`{"wd":${value}}`);
  });

  test.each([
    'infinity',
    '-infinity',
    'INFINITY',
    '+Infinity',
    'nan',
    'NAN',
    '-NaN',
    '',
    ' 1',
    '0x10',
    '+1',
    '.5',
    '1.',
    '01',
    '-',
    '1e',
  ])('the string %j is no double', (text) => {
    const said = `expected a number, "NaN", "Infinity" or "-Infinity" (double), got ${JSON.stringify(text)}`;
    expect(() => kinds(`{"ds":[1,${JSON.stringify(text)}]}`)).toThrow(`ds[1]: ${said}`);
    expect(() => kinds(`{"wd":${JSON.stringify(text)}}`)).toThrow(`wd: ${said}`);
  });

  test.each([
    ['d', 'double', '1e400', 'a number beyond 1.8e308'],
    ['d', 'double', '-1e400', 'a number beyond -1.8e308'],
    ['d', 'double', '"1e400"', '"1e400"'],
    ['wd', 'double', '1e400', 'a number beyond 1.8e308'],
    ['va', 'double', '1e400', 'a number beyond 1.8e308'],
    ['f', 'float', '3.5e38', '3.5e+38'],
    ['f', 'float', '"-3.5e38"', '"-3.5e38"'],
    ['f', 'float', '"1e400"', '"1e400"'],
  ])('%s: a %s cannot be %s', (field, type, value, shown) => {
    expect(() => kinds(`{"${field}":${value}}`)).toThrow(
      `${field}: expected a number in the range of a ${type}, got ${shown}`,
    );
  });

  test.each(['0.1', '-0.1', '3.4028235e+38', '1e-45', '16777216', '1e+21', '1.5', '33554432'])(
    'the float %s has the digits that it was sent with, wherever it stands',
    (value) => {
      expect(kinds(`{"f":${value}}`)).toBe(`{"f":${value}}`);
      expect(kinds(`{"wf":${value}}`)).toBe(`{"wf":${value}}`);
      expect(kinds(`{"fl":[1,${value}]}`)).toBe(`{"fl":[1,${value}]}`);
      expect(kinds(`{"floats":{"a":${value}}}`)).toBe(`{"floats":{"a":${value}}}`);
    },
  );

  test('-0 is not 0', () => {
    const json = '{"d":-0,"f":-0,"ds":[0,-0],"va":{"a":[-0]},"wd":-0,"wf":-0,"floats":{"a":-0}}';
    expect(kinds(json)).toBe(json);
    expect(kinds('{"i":-0,"l":-0,"s":"-0"}')).toBe('{"s":"-0"}');
  });

  test('a double keeps all its digits', () => {
    expect(kinds('{"d":0.10000000149011612,"wd":0.10000000149011612}')).toBe(
      '{"d":0.10000000149011612,"wd":0.10000000149011612}',
    );
  });

  test('a number too large is shown as such, whatever was expected', () => {
    expect(() => kinds('{"s":1e400}')).toThrow('s: expected a string, got a number beyond 1.8e308');
  });

  test('the least number of an enum', () => {
    expect(kinds('{"sign":-2147483648}')).toBe('{"sign":"LEAST"}');
    expect(kinds('{"sign":-2147483647}')).toBe('{"sign":-2147483647}');
    for (const number of ['-2147483649', '2147483648', '1.5', '1e400']) {
      expect(() => kinds(`{"sign":${number}}`)).toThrow(/^sign: expected ZERO, LEAST \(t\.Sign\), or a number, got /);
    }
  });

  test.each(['9007199254740993', '-9007199254740993', '9223372036854775807', '-9223372036854775808'])(
    'all digits of %s arrive, wherever it stands',
    (digits) => {
      for (const [name, sent, printed] of [
        ['l', digits, `"${digits}"`],
        ['sf', digits, `"${digits}"`],
        ['wl', digits, `"${digits}"`],
        ['byName', `{"a":"1","__proto__": ${digits} }`, `{"a":"1","__proto__":"${digits}"}`],
        ['kinds', `[{},{"i":1,"l":${digits},"s":"${digits}"}]`, `[{},{"i":1,"s":"${digits}","l":"${digits}"}]`],
      ] as const) {
        expect(kinds(`{"${name}":${sent}}`)).toBe(`{"${name}":${printed}}`);
      }
    },
  );

  test('unsigned ones, too, and in lists', () => {
    expect(kinds('{"u":18446744073709551615}')).toBe('{"u":"18446744073709551615"}');
    expect(kinds('{"fs":[1,9007199254740993,"2"]}')).toBe('{"fs":["1","9007199254740993","2"]}');
  });

  test('a large integer is a number to what is none', () => {
    expect(kinds('{"d":9007199254740993,"va":{"a":[9007199254740993]}}')).toBe(
      '{"d":9007199254740992,"va":{"a":[9007199254740992]}}',
    );
    const digits = '9007199254740993';
    expect(() => kinds(digits)).toThrow(`expected an object (t.Kinds), got ${digits}`);
    expect(() => kinds(`{"s":${digits}}`)).toThrow(`s: expected a string, got ${digits}`);
    expect(() => kinds(`{"b":${digits}}`)).toThrow(`b: expected true or false, got ${digits}`);
    expect(() => kinds(`{"sign":${digits}}`)).toThrow(/^sign: expected ZERO, LEAST .*, got 9007199254740993$/);
    expect(() => kinds(`{"i":${digits}}`)).toThrow(
      `i: expected an integer from -2147483648 to 2147483647 (int32), got ${digits}`,
    );
    expect(() => kinds(`{"s":[${digits}]}`)).toThrow('s: expected a string, got ["9007199254740993"]');
  });

  test.each([
    ['l', '1e18', '1000000000000000000'],
    ['l', '-9.223372036854775808E18', '-9223372036854775808'],
    ['l', '9.007199254740993e15', '9007199254740993'],
    ['l', '9007199254740993.0', '9007199254740993'],
    ['u', '1e19', '10000000000000000000'],
    ['u', '1844674407370955161500e-2', '18446744073709551615'],
  ])('%s: an integer may be written as %s', (name, number, digits) => {
    expect(kinds(`{"${name}":${number}}`)).toBe(`{"${name}":"${digits}"}`);
    expect(kinds(`{"${name}":"${number}"}`)).toBe(`{"${name}":"${digits}"}`);
  });

  test('what is no integer, or out of range', () => {
    expect(() => kinds('{"l":9007199254740992.5}')).toThrow(
      'l: expected an integer (int64), got a number with a fraction, near 9007199254740992',
    );
    for (const number of ['9223372036854775808', '-9223372036854775809', '1e19', '1e30', '1'.repeat(50)]) {
      expect(() => kinds(`{"l":${number}}`)).toThrow(/^l: expected an integer from -9223372036854775808 to /);
    }
  });

  test('integers in strings may have an exponent', () => {
    expect(kinds('{"i":"1e2"}')).toBe('{"i":100}');
    expect(kinds('{"i":"-1.5E+1"}')).toBe('{"i":-15}');
    for (const text of ['1e-1', '1e10', '1e400', 'e2', '1e', '+1e2']) {
      expect(() => kinds(`{"i":"${text}"}`)).toThrow(
        new RegExp(`^i: expected an integer .*, got "${text.replace('+', '\\+')}"$`),
      );
    }
  });
});
