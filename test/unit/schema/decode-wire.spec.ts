import { describe, expect, test } from '@jest/globals';
import { loadSchema, type Schema } from '../../../src/schema/index.js';
import { unknownFieldsOf } from '../../../src/schema/codec/unknown-fields.js';
import { codecOf, errorOf, hex, schemaOf, withProtos } from './proto-fixture.js';

function decode(schema: Schema, typeName: string, bytes: string): unknown {
  return codecOf(schema, typeName).decode(hex(bytes));
}

describe('delimited messages', () => {
  const schema = schemaOf(`
    edition = "2023";
    package p;
    option features.message_encoding = DELIMITED;
    message V { int32 a = 1; int32 b = 2; V v = 3; }
    message M { map<string, V> m = 1; V one = 2; repeated V many = 3; }
  `);

  test('entries of a map and their messages keep their lengths', () => {
    expect(decode(schema, 'p.M', '0a 07 0a016b 12020801')).toEqual({ m: { k: { a: 1 } } });
  });

  test('a group that comes twice is merged', () => {
    expect(decode(schema, 'p.M', '13 0801 1b 0801 1c 14 13 1002 1b 1003 1c 14')).toEqual({
      one: { a: 1, b: 2, v: { a: 1, b: 3 } },
    });
  });

  test('groups of a repeated field stay apart', () => {
    expect(decode(schema, 'p.M', '1b 0801 1c 1b 1002 1c')).toEqual({ many: [{ a: 1 }, { b: 2 }] });
  });
});

describe('a value that comes twice in one entry of a map', () => {
  const schema = schemaOf(`
    syntax = "proto3";
    package p;
    message V { int32 a = 1; int32 b = 2; }
    message M { map<string, V> m = 1; map<string, int32> n = 2; }
  `);

  test('is merged when it is a message', () => {
    expect(decode(schema, 'p.M', '0a 0b 0a016b 12020801 12021002')).toEqual({ m: { k: { a: 1, b: 2 } } });
  });

  test('replaces the first one when it is a number', () => {
    expect(decode(schema, 'p.M', '12 07 0a016b 1001 1002')).toEqual({ n: { k: 2 } });
  });
});

test.each(['888080801005', '8880808080 8005', '0005'])('the tag in %s is no field number', (bytes) => {
  const schema = schemaOf('syntax = "proto3"; package p; message M { int32 a = 1; }');
  expect(errorOf(() => decode(schema, 'p.M', bytes)).message).toContain('a field number is invalid');
});

test('the highest field number, and a tag in more bytes than it needs, are read', () => {
  const schema = schemaOf('syntax = "proto3"; package p; message M { int32 a = 1; int32 z = 536870911; }');
  expect(decode(schema, 'p.M', '8880808000 05 f8ffffff0f 07')).toEqual({ a: 5, z: 7 });
  // As in Go: zeros beyond 32 bits do no harm.
  expect(decode(schema, 'p.M', '8880808080 00 05')).toEqual({ a: 5 });
});

describe('a MessageSet', () => {
  const schema = schemaOf(`
    syntax = "proto2";
    package p;
    message Set { option message_set_wire_format = true; extensions 4 to max; }
    message X { optional int32 a = 1; optional int32 b = 2; }
    extend Set { optional X x = 100; }
  `);
  const name = '.p.x';

  test.each([
    ['the type first', '0b 1064 1a020801 0c', { a: 1 }],
    ['the message first', '0b 1a020801 1064 0c', { a: 1 }],
    ['as a field', 'a206 020801', { a: 1 }],
    ['twice', '0b 1064 1a020801 0c 0b 1064 1a021002 0c', { a: 1, b: 2 }],
  ])('holds an extension: %s', (_, bytes, x) => {
    expect(decode(schema, 'p.Set', bytes)).toEqual({ [name]: x });
  });

  test('keeps an item that the schema does not know', () => {
    const message = decode(schema, 'p.Set', '0b 1065 1a020801 0c') as object;
    expect(message).toEqual({});
    expect(unknownFieldsOf(message)).toEqual(hex('0b 1065 1a020801 0c'));
  });

  test('is refused where an item does not end', () => {
    expect(errorOf(() => decode(schema, 'p.Set', '0b 1064 1a0208')).message).toContain('the message is cut short');
    expect(errorOf(() => decode(schema, 'p.Set', '0b 1064')).message).toContain('the message is cut short');
  });
});

describe('unknown fields', () => {
  const schema = schemaOf(`
    syntax = "proto3";
    package p;
    message M { int32 a = 1; M m = 2; repeated M many = 3; map<string, M> map = 4; }
  `);

  test('are kept in the order in which they came, each with its tag', () => {
    const message = decode(schema, 'p.M', '5005 0801 5a0161 1501020304 53 0801 54 0d01000000') as object;
    expect(message).toEqual({ a: 1 });
    // Field 1 and 2 with another wire type than the schema's are unknown fields, too.
    expect(unknownFieldsOf(message)).toEqual(hex('5005 5a0161 1501020304 53 0801 54 0d01000000'));
  });

  test('stand with the message in which they came', () => {
    const message = decode(schema, 'p.M', '12 02 5001 1a 02 5002 22 07 0a016b 12025003') as {
      m: object;
      many: object[];
      map: Record<string, object>;
    };
    expect(unknownFieldsOf(message)).toBeUndefined();
    expect(unknownFieldsOf(message.m)).toEqual(hex('5001'));
    expect(unknownFieldsOf(message.many[0] as object)).toEqual(hex('5002'));
    expect(unknownFieldsOf(message.map['k'] as object)).toEqual(hex('5003'));
  });

  test('are merged with a message that came twice', () => {
    const { m } = decode(schema, 'p.M', '1202 5001 1204 0801 5002') as { m: object };
    expect(unknownFieldsOf(m)).toEqual(hex('5001 5002'));
  });

  test('are invisible to keys, JSON, comparisons and copies', () => {
    const message = decode(schema, 'p.M', '0801 5005') as object;
    expect(Object.keys(message)).toEqual(['a']);
    expect(JSON.stringify(message)).toBe('{"a":1}');
    expect(message).toStrictEqual({ a: 1 });
    expect(unknownFieldsOf({ ...message })).toBeUndefined();
    const names: string[] = [];
    for (const name in message) names.push(name);
    expect(names).toEqual(['a']);
  });

  test('are a copy: the buffer that was read may be used again', () => {
    const bytes = hex('5005');
    const message = codecOf(schema, 'p.M').decode(bytes) as object;
    bytes.fill(0);
    expect(unknownFieldsOf(message)).toEqual(hex('5005'));
  });

  test('messages without them have no property for them', () => {
    expect(Reflect.ownKeys(decode(schema, 'p.M', '0801') as object)).toEqual(['a']);
  });

  test('must be whole', () => {
    expect(errorOf(() => decode(schema, 'p.M', '53 0801')).message).toContain('the message is cut short');
    expect(errorOf(() => decode(schema, 'p.M', '5a05 61')).message).toContain('the message is cut short');
  });
});

test('defaults of a message with very many fields are all there, and each message has lists and maps of its own', () => {
  const fields = Array.from({ length: 300 }, (_, i) => `int32 n${i} = ${i + 1}; repeated int32 l${i} = ${i + 1001};`);
  const text = `syntax = "proto3"; package p; message M { ${fields.join(' ')} map<string, int32> map = 5000; }`;
  const codec = withProtos({ 'a.proto': text }, (folder) =>
    codecOf(loadSchema({ protoPath: folder.at('a.proto'), loader: { defaults: true } }), 'p.M'),
  );
  const first = codec.decode(Buffer.alloc(0)) as Record<string, unknown>;
  const second = codec.decode(Buffer.alloc(0)) as Record<string, unknown>;
  expect(Object.keys(first)).toHaveLength(601);
  expect(first['n299']).toBe(0);
  expect(first['l299']).toEqual([]);
  expect(first['l299']).not.toBe(second['l299']);
  expect(first['map']).not.toBe(second['map']);
});
