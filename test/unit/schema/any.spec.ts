import { describe, expect, test } from '@jest/globals';
import protobuf from 'protobufjs';
import {
  loadSchema,
  SchemaError,
  type LoaderOptions,
  type PackedMessage,
  type Schema,
} from '../../../src/schema/index.js';
import { codecOf, errorOf, hex, schemaOf } from './proto-fixture.js';

const TEXT = `syntax = "proto3"; package demo;
  import "google/protobuf/any.proto";
  message Exit { uint32 code = 1; }
  message Event { google.protobuf.Any event = 1; }`;
const EXIT = hex('08 05');
/** An Event that holds an Any with this type URL and an Exit. */
const eventBytes = (url: string): Buffer => {
  const any = Buffer.concat([hex('0a'), Buffer.of(url.length), Buffer.from(url), hex('12 02'), EXIT]);
  return Buffer.concat([hex('0a'), Buffer.of(any.length), any]);
};

function eventOf(loader: LoaderOptions = {}): { schema: Schema; event: ReturnType<typeof codecOf> } {
  const schema = schemaOf(TEXT, { loader });
  return { schema, event: codecOf(schema, 'demo.Event') };
}

describe.each([false, true])('a packed message, keepCase %s', (keepCase) => {
  test.each(['type.googleapis.com/', '', 'example.com/'])(
    'goes into an Any and out of it, with %j',
    (typeUrlPrefix) => {
      const { schema, event } = eventOf({ keepCase });
      const packed = schema.pack('demo.Exit', { code: 5 }, { typeUrlPrefix });
      const typeUrl = `${typeUrlPrefix}demo.Exit`;
      expect(packed).toEqual({ typeUrl, value: EXIT });
      const bytes = event.encode({ event: packed });
      expect(Buffer.from(bytes)).toEqual(eventBytes(typeUrl));
      const decoded = event.decode(bytes) as { event: PackedMessage };
      expect(decoded).toEqual({ event: { type_url: typeUrl, value: EXIT } });
      expect(schema.unpack(decoded.event)).toEqual({ code: 5 });
      expect(Buffer.from(event.encode(decoded))).toEqual(Buffer.from(bytes));
    },
  );
});

test.each(['demo.Exit', '/demo.Exit', 'type.googleapis.com/demo.Exit', 'a/b/demo.Exit'])(
  'the type URL %j goes out as it came, also with json',
  (url) => {
    const { schema, event } = eventOf({ json: true });
    const bytes = eventBytes(url);
    const decoded = event.decode(bytes) as { event: PackedMessage };
    expect(decoded).toEqual({ event: { '@type': url, code: 5 } });
    expect(Buffer.from(event.encode(decoded))).toEqual(bytes);
    expect(schema.unpack(decoded.event)).toBe(decoded.event);
  },
);

describe('unpack', () => {
  test.each<[string, LoaderOptions]>([
    ['a Buffer', {}],
    ['base64', { bytes: String }],
    ['an array', { bytes: Array }],
    ['a Buffer beside defaults', { defaults: true }],
  ])('takes an Any whose value is %s', (_name, loader) => {
    const { schema, event } = eventOf(loader);
    const { event: any } = event.decode(eventBytes('x/demo.Exit')) as { event: PackedMessage };
    expect(schema.unpack(any)).toMatchObject({ code: 5 });
  });

  test('takes an Any of a message of which nothing was sent', () => {
    const { schema, event } = eventOf();
    const { event: any } = event.decode(hex('0a 0b 0a 09', Buffer.from('demo.Exit'))) as { event: PackedMessage };
    expect(any).toEqual({ type_url: 'demo.Exit' });
    expect(schema.unpack(any)).toEqual({});
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['a string', 'x'],
    ['an Any without a type', { type_url: '', value: EXIT }],
    ['an Any with an object', { type_url: 'demo.Exit', value: {} }],
  ])('refuses %s', (_name, value) => {
    const error = errorOf<SchemaError>(() => eventOf().schema.unpack(value as PackedMessage));
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toContain('a packed message: expected { typeUrl: string, value: Uint8Array } or ');
  });
});

test('two type URLs in one Any are an error', () => {
  const { event } = eventOf();
  expect(() => event.encode({ event: { type_url: 'a/demo.Exit', typeUrl: 'b/demo.Exit', value: EXIT } })).toThrow(
    'demo.Event: event: expected one type URL, as type_url or typeUrl',
  );
});

test("a user's Root may name the field typeUrl", () => {
  const { root } = protobuf.parse(
    `syntax = "proto3"; package google.protobuf; message Any { string type_url = 1; bytes value = 2; }`,
  );
  protobuf.parse(TEXT.replace(/import.*/, ''), root);
  for (const loader of [{}, { json: true }]) {
    const schema = loadSchema({ root, loader });
    const event = codecOf(schema, 'demo.Event');
    for (const any of [
      schema.pack('demo.Exit', { code: 5 }),
      { type_url: 'type.googleapis.com/demo.Exit', value: EXIT },
    ]) {
      const bytes = event.encode({ event: any });
      expect(Buffer.from(bytes)).toEqual(eventBytes('type.googleapis.com/demo.Exit'));
      expect(schema.unpack((event.decode(bytes) as { event: PackedMessage }).event)).toMatchObject({ code: 5 });
    }
  }
});

describe('types that come with the library', () => {
  const schema = schemaOf('syntax = "proto3"; message M {}', { loader: { keepCase: true } });
  test.each<[string, object, object]>([
    ['google.protobuf.Empty', {}, {}],
    ['google.protobuf.Timestamp', new Date(1500), { seconds: 1, nanos: 500_000_000 }],
    ['google.protobuf.StringValue', { value: 'x' }, { value: 'x' }],
    ['google.rpc.BadRequest', { field_violations: [{ field: 'a' }] }, { field_violations: [{ field: 'a' }] }],
    ['google.rpc.ErrorInfo', { reason: 'R' }, { reason: 'R' }],
  ])('%s is packed and unpacked by a schema that does not import it', (typeName, value, unpacked) => {
    const packed = schema.pack(typeName, value);
    expect(packed.typeUrl).toBe(`type.googleapis.com/${typeName}`);
    expect(JSON.parse(JSON.stringify(schema.unpack(packed), (_key, v: unknown) => numberOf(v)))).toEqual(unpacked);
    expect(schema.findType(typeName)).toBeUndefined();
  });

  test('are those of the schema where it has them', () => {
    const own = schemaOf('syntax = "proto3"; package google.rpc; message ErrorInfo { string mine = 1; }');
    expect(own.unpack(own.pack('google.rpc.ErrorInfo', { mine: 'x' }))).toEqual({ mine: 'x' });
  });

  test('that are none of them are an error', () => {
    expect(() => schema.pack('google.protobuf.Emty', {})).toThrow(
      "message type 'google.protobuf.Emty' is not in the schema.",
    );
  });
});

test.each(['x', 5, null])('the prefix %j is an error', (typeUrlPrefix) => {
  const { schema } = eventOf();
  expect(() => schema.pack('demo.Exit', {}, { typeUrlPrefix: typeUrlPrefix as string })).toThrow(
    "typeUrlPrefix: expected '' or a string that ends in '/', got",
  );
});

/** Longs as numbers. */
function numberOf(value: unknown): unknown {
  const { low, high } = (value ?? {}) as { low?: unknown; high?: unknown };
  return typeof low === 'number' && typeof high === 'number' ? low : value;
}
