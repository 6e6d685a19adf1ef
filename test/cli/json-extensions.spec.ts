import { describe, expect, test } from '@jest/globals';
import { nameOf } from '../../src/schema/codec/reflection.js';
import { echoed, schemasOf } from './json-schemas.js';

const PROTO = `
syntax = "proto2";
package p2;
message M {
  required int32 req = 1;
  optional string my_text = 2;
  extensions 100 to 200;
  message Inner { extend M { optional string inner_ext = 102; } optional int32 x = 1; }
}
extend M { optional int32 ext_int = 100; optional M ext_msg = 101; repeated string rep_ext = 103; }
`;

describe.each(schemasOf(PROTO))('with %s', (_source, schema) => {
  test.each([
    '{"req":1,"[p2.ext_int]":5}',
    '{"req":1,"[p2.ext_msg]":{"req":2}}',
    '{"req":1,"[p2.M.Inner.inner_ext]":"x"}',
    '{"req":1,"[p2.rep_ext]":["x","y"]}',
  ])('extensions have their full names: %s', (json) => {
    expect(echoed(schema, 'p2.M', json)).toBe(json);
  });

  test.each(['[p2.extInt]', '[ext_int]', 'ext_int', 'extInt', '.p2.extInt'])('%s is no name of one', (name) => {
    expect(() => echoed(schema, 'p2.M', `{"req":1,"${name}":5}`)).toThrow(`${name}: p2.M has no such field: it has `);
  });

  test('an extension that is not there has no default', () => {
    expect(echoed(schema, 'p2.M', '{"req":1,"[p2.ext_int]":0}', true)).toBe('{"req":1,"[p2.ext_int]":0}');
  });

  test.each([
    ['p2.ext_int', 'p2.extInt'],
    ['p2.M.Inner.inner_ext', 'p2.M.Inner.innerExt'],
    ['p2.M.my_text', 'p2.M.myText'],
    ['.p2.M.my_text', 'p2.M.myText'],
  ])('%s is found by the name in the .proto file', (name, found) => {
    expect(nameOf(schema.symbol(name))).toBe(found);
  });

  test('a wrong name is answered with one of the .proto file', () => {
    expect(() => schema.symbol('p2.ext_imt')).toThrow(
      "no symbol 'p2.ext_imt' in the schema. Did you mean 'p2.ext_int'?",
    );
  });
});
