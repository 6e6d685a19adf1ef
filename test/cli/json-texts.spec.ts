import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { JsonTexts } from '../../src/cli/json/json-texts.js';
import { parsedJson } from '../../src/cli/json/parsed-json.js';
import { isWellFormed, textOf } from '../../src/cli/json/utf8.js';
import { echoed, schemasOf } from './json-schemas.js';

const PROTO = `
syntax = "proto3";
package t;
import "google/protobuf/any.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/wrappers.proto";
message M {
  string s = 1;
  repeated M ms = 2;
  map<string, string> map = 3;
  map<int32, string> by_number = 4;
  google.protobuf.Struct st = 5;
  google.protobuf.StringValue ws = 6;
  google.protobuf.Any any = 7;
}
`;

/** The texts in `bytes`, which come in pieces of `size` bytes. */
function cut(bytes: Uint8Array, size = bytes.length): string[] {
  const texts = new JsonTexts();
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    for (const { text, line } of texts.push(bytes.subarray(at, at + size))) found.push(`${line}: ${text}`);
  }
  for (const { text, line } of texts.end()) found.push(`${line}: ${text}`);
  return found;
}

describe('texts of a stream', () => {
  const stream = Buffer.from('\ufeff{"s":"äß😀"}\n{"a":[1,\n"}"]} 5 "é\\"" \u{10ffff}\n\ufeff{}\ufeff');
  const found = ['1: {"s":"äß😀"}', '2: {"a":[1,\n"}"]}', '3: 5', '3: "é\\""', '3: \u{10ffff}', '4: {}'];

  test.each([1, 2, 3, 5, 7, 1000])('in pieces of %d bytes', (size) => {
    expect(cut(stream, size)).toEqual(found);
  });

  test('bytes that are no UTF-8 are marked where they stand', () => {
    const bytes = Buffer.concat([
      Buffer.from('{"a":"\ufffd"}{"b":"\ufffd'),
      Buffer.from([0xff, 0xc3]),
      Buffer.from('"}'),
    ]);
    expect(cut(bytes)).toEqual(['1: {"a":"\ufffd"}', '1: {"b":"\ufffd\udc80\udc80"}']);
  });

  test.each([
    [[0x61, 0xff, 0x62]],
    [[0xc3]],
    [[0xed, 0xa0, 0x80]],
    [[0xf4, 0x90, 0x80, 0x80]],
    [[0xef, 0xbf, 0xbd, 0xc0, 0x80]],
    [[0xe2, 0x82, 0xef, 0xbf, 0xbd]],
  ])('%j is not well-formed', (bytes) => {
    expect(isWellFormed(textOf(Buffer.from(bytes)))).toBe(false);
  });

  test('well-formed text stays', () => {
    for (const text of ['', 'a', '\ufffd', '\ufeffä', '😀', '\u0000']) {
      expect(textOf(Buffer.from(text))).toBe(text);
      expect(isWellFormed(text)).toBe(true);
    }
  });
});

test('what is parsed is what JSON.parse gives, but for large integers, which keep their digits', () => {
  const digits = fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n });
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      digits,
      fc.double().filter((number) => !Number.isInteger(number)),
      fc.string(),
      fc.constantFrom(true, false, null),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('value')),
    object: fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), tie('value')),
  }));
  const isLarge = (each: unknown): each is bigint => typeof each === 'bigint' && !Number.isSafeInteger(Number(each));
  const textOfValue = (each: unknown): string => {
    if (typeof each === 'bigint') return String(each);
    if (Array.isArray(each)) return `[ ${each.map(textOfValue).join(' , ')} ]`;
    if (typeof each !== 'object' || each === null) return JSON.stringify(each);
    return `{${Object.entries(each)
      .map(([key, item]) => `${JSON.stringify(key)}: ${textOfValue(item)}`)
      .join()}}`;
  };
  /** Each value with its path. */
  const leaves = (each: unknown, path = ''): string[] =>
    typeof each === 'object' && each !== null
      ? Object.entries(each).flatMap(([key, item]) => leaves(item, `${path}/${key}`))
      : [`${path} ${isLarge(each) ? `${each}n` : JSON.stringify(typeof each === 'bigint' ? Number(each) : each)}`];
  fc.assert(fc.property(value, (given) => expect(leaves(parsedJson(textOfValue(given)))).toEqual(leaves(given))));
});

describe('keys that are given twice', () => {
  test.each([
    ['{"s":"a","s":"b"}', 's'],
    ['{"s":"a","\\u0073":"b"}', 's'],
    ['{"map":{"a":"1","a":"1"}}', 'map.a'],
    ['{"map":{"a b":"1","a b":"1"}}', 'map["a b"]'],
    ['{"ms":[{},{"s":"\\"{,","ms":[{"s":"","s":""}]}]}', 'ms[1].ms[0].s'],
    ['{ "x" : [ [ 1 , 2 ] , { "a\\\\" : "," , "a\\\\" : 1 } ] }', 'x[1]["a\\\\"]'],
    ['[{"__proto__":1,"__proto__":1}]', '[0].__proto__'],
  ])('%s', (text, path) => {
    expect(() => parsedJson(text)).toThrow(`${path}: given twice`);
  });

  test.each([
    '{"s":"s","map":{"s":"map"},"ms":[{"s":"s"},{"s":"s"}]}',
    '[["a","a"],"a"]',
    '"a"',
    '{"a\\"":1,"a":"a"}',
    '{}',
  ])('none in %s', (text) => {
    expect(parsedJson(text)).toEqual(JSON.parse(text));
  });

  test('what is no JSON is an error of the parser', () => {
    expect(() => parsedJson('{"a":1,"a":')).toThrow(SyntaxError);
  });
});

describe('what is nested too deep', () => {
  const said = 'nested too deep: more than 1000 objects and arrays within each other';

  test.each([20_000, 1_000_000])('%d arrays', (count) => {
    const arrays = `${'['.repeat(count)}${']'.repeat(count)}`;
    expect(() => parsedJson(arrays)).toThrow(`[0]: ${said}`);
    expect(() => parsedJson(`{"s":"","st":{"a":${arrays}}}`)).toThrow(`st: ${said}`);
    expect(() => parsedJson(`{"s":"","s":${arrays}}`)).toThrow('s: given twice');
  });

  test('1001 objects, not 1000', () => {
    const objects = (count: number): string => `${'{"a":'.repeat(count)}1${'}'.repeat(count)}`;
    expect(() => parsedJson(objects(1001))).toThrow(`a: ${said}`);
    expect(JSON.stringify(parsedJson(objects(1000)))).toBe(objects(1000));
  });
});

describe.each(schemasOf(PROTO))('with %s', (_source, schema) => {
  test.each([
    ['{"s":"\\ud800"}', 's', '"\\ud800"'],
    ['{"ms":[{"s":"a\\udc00b"}]}', 'ms[0].s', '"a\\udc00b"'],
    ['{"map":{"k":"\\ud800"}}', 'map["k"]', '"\\ud800"'],
    ['{"map":{"\\ud800":"v"}}', 'map["\\ud800"]', '"\\ud800"'],
    ['{"st":{"k":"\\ud800"}}', 'st.k', '"\\ud800"'],
    ['{"st":{"\\ud800":1}}', 'st."\\ud800"', '"\\ud800"'],
    ['{"ws":"\\ud800"}', 'ws', '"\\ud800"'],
    ['{"any":{"@type":"\\ud800/t.M"}}', 'any.@type', '"\\ud800/t.M"'],
  ])('%s holds half a character', (json, path, value) => {
    expect(() => echoed(schema, 't.M', json)).toThrow(
      `${path}: expected a string of valid Unicode, in UTF-8, got ${value}`,
    );
  });

  test('all that is not too deep for the parser is compared with its type', () => {
    const arrays = (count: number): string => `${'['.repeat(count)}${']'.repeat(count)}`;
    expect(() => echoed(schema, 't.M', `{"s":${arrays(999)}}`)).toThrow(/^s: expected a string, got \[+…$/);
    expect(() => echoed(schema, 't.M', `{"st":{"a":${arrays(998)}}}`)).toThrow(
      /expected at most 100 levels of nesting/,
    );
    expect(() => echoed(schema, 't.M', `{"st":${arrays(20_000)}}`)).toThrow(/^st: nested too deep: /);
  });

  test('both halves of a character are one', () => {
    expect(echoed(schema, 't.M', '{"s":"\\ud83d\\ude00\\ufffd"}')).toBe('{"s":"😀\ufffd"}');
  });

  test('keys of a map that mean the same number', () => {
    expect(() => echoed(schema, 't.M', '{"byNumber":{"1":"a","01":"b"}}')).toThrow(
      'byNumber["01"]: given twice, also as "1"',
    );
  });
});
