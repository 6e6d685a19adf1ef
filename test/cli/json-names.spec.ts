import { describe, expect, test } from '@jest/globals';
import { echoed, schemasOf } from './json-schemas.js';

const PROTO = `
syntax = "proto3";
package t;
message Names {
  string my_name = 1 [json_name = "who"];
  int32 field_1 = 2;
  int32 field_1b = 3;
  int32 _under = 4;
  int32 UPPER_Case = 5;
  int32 trail_ = 6;
  int32 dbl__under = 7;
  int32 __proto__ = 8;
  int32 foo_Bar = 9;
  int32 Cap = 10;
  int32 camelCase = 11;
  int32 odd = 12 [json_name = "__proto__ "];
}
`;

describe.each(schemasOf(PROTO))('with %s', (_source, schema) => {
  test.each([
    ['who', 'my_name', '"Ada"'],
    ['field1', 'field_1', '1'],
    ['field1b', 'field_1b', '1'],
    ['Under', '_under', '1'],
    ['UPPERCase', 'UPPER_Case', '1'],
    ['trail', 'trail_', '1'],
    ['dblUnder', 'dbl__under', '1'],
    ['Proto', '__proto__', '1'],
    ['fooBar', 'foo_Bar', '1'],
    ['Cap', 'Cap', '1'],
    ['camelCase', 'camelCase', '1'],
    ['__proto__ ', 'odd', '1'],
  ])('the field %s has its JSON name, and may be given as %s', (jsonName, protoName, value) => {
    const printed = `{"${jsonName}":${value}}`;
    expect(echoed(schema, 't.Names', printed)).toBe(printed);
    expect(echoed(schema, 't.Names', `{"${protoName}":${value}}`)).toBe(printed);
  });

  test('no other name means a field', () => {
    for (const name of ['myName', 'under', 'cap', 'camel_case', 'Field1']) {
      expect(() => echoed(schema, 't.Names', `{"${name}":1}`)).toThrow(/: t\.Names has no such field: it has who, /);
    }
  });
});
