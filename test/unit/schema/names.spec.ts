import { describe, expect, test } from '@jest/globals';
import { loadSchema } from '../../../src/schema/index.js';
import { PROTOS } from './kitchen-sink.js';
import { codecOf, hex, schemaOf } from './proto-fixture.js';

/** What would change other objects, or find what no message has, if it were used to look into a plain object. */
const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'then'];

const schema = loadSchema({ protoPath: `${PROTOS}kitchen-sink.proto`, loader: { longs: String, json: true } });

function field(tag: string, ...content: (string | Uint8Array)[]): Buffer {
  const bytes = hex(...content);
  return hex(tag, Buffer.from([bytes.length]), bytes);
}

describe.each(NAMES)('a peer that sends the name %s', (name) => {
  const text = Buffer.from(name);

  test('as the key of a map gets a key', () => {
    const maps = codecOf(schema, 'parity.v1.Maps');
    const bytes = hex(
      field('0a', field('0a', text), field('12', '78')),
      field('1a', field('0a', text), field('12', '0a 01 79')),
    );
    const { labels, leaves } = maps.decode(bytes) as Record<'labels' | 'leaves', Record<string, unknown>>;
    expect(Object.entries(labels)).toEqual([[name, 'x']]);
    expect(Object.entries(leaves)).toEqual([[name, { name: 'y' }]]);
    for (const map of [labels, leaves]) expect(Object.getPrototypeOf(map)).toBe(Object.prototype);
    expect(Buffer.from(maps.encode({ labels, leaves })).equals(bytes)).toBe(true);
    expect(Object.hasOwn({}, name)).toBe(false);
  });

  test('as the name of a type in an Any or in a detail gets no type', () => {
    const known = codecOf(schema, 'parity.v1.WellKnown');
    const any = { type_url: `type.googleapis.com/${name}`, value: Buffer.from('x') };
    expect(known.decode(known.encode({ any }))).toEqual({ any });
    expect(schema.findType(name)).toBeUndefined();
    expect(schema.findType(`parity.v1.Tree.${name}`)).toBeUndefined();
    expect(() => schema.unpack({ typeUrl: any.type_url, value: any.value })).toThrow(`message type '${name}'`);
    expect(() => schema.resolve(name)).toThrow(`service '${name}' is not in the schema`);
  });

  test('as an enum or a string gets a string', () => {
    const scalars = codecOf(schema, 'parity.v1.Scalars');
    expect(() => scalars.encode({ aColor: name })).toThrow('aColor: expected a name of Color');
    expect(scalars.decode(scalars.encode({ aString: name }))).toEqual({ aString: name });
  });
});

test.each([true, false])(
  "fields with names of Object's members are properties of their own, keepCase %s",
  (keepCase) => {
    const text = `syntax = "proto3"; message M { string constructor = 1; M __proto__ = 2; string to_string = 3; string x = 4; }`;
    const codec = codecOf(schemaOf(text, { loader: { keepCase } }), 'M');
    // `constructor`, `__proto__` (a message whose x is set), `to_string`.
    const decoded = codec.decode(hex('0a 01 63', '12 03 22 01 70', '1a 01 74')) as Record<string, unknown>;
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(decoded).toMatchObject({ constructor: 'c', [keepCase ? 'to_string' : 'toString']: 't' });
    expect(decoded['x']).toBeUndefined();
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  },
);
