import { describe, expect, test } from '@jest/globals';
import { loadSchema, type SchemaOptions } from '../../../src/schema/index.js';
import { methodOf, withProtos } from './proto-fixture.js';

const TEXT = `syntax = "proto3"; package demo.v1;
  message Inner { string city = 1; }
  message Ask { string message = 1; string secret_name = 2; Inner inner = 3; repeated Inner list = 4;
    oneof kind { string text = 5; int32 number = 6; } }
  service Greeter { rpc Greet(Ask) returns (Inner); }`;

/** The request's encoder of a schema with `options`, and what it warned of. */
function greet(options: Partial<SchemaOptions> = {}): { encode: (value: unknown) => Uint8Array; lines: string[] } {
  const lines: string[] = [];
  const schema = withProtos({ 'test.proto': TEXT }, (folder) =>
    loadSchema({ ...options, protoPath: folder.at('test.proto') }, (line) => lines.push(line)),
  );
  return { encode: (value) => methodOf(schema, 'Greeter.Greet').request.encode(value), lines };
}

test('a property that is no field is a warning that names the rpc, the type, the property and what was meant', () => {
  const { encode, lines } = greet();
  encode({ mesage: 'x', secret_name: 'y' });
  encode({ mesage: 'x' });
  expect(lines).toEqual([
    'demo.v1.Ask has no field "mesage": the property is not sent (in a request of demo.v1.Greeter/Greet). ' +
      "Did you mean 'message'?",
    'demo.v1.Ask has no field "secret_name": the property is not sent (in a request of demo.v1.Greeter/Greet). ' +
      "Did you mean 'secretName'?",
  ]);
});

test('nested messages are looked at, each type and property once', () => {
  const { encode, lines } = greet();
  encode({ inner: { town: 'x' }, list: [{ citty: 'a' }, { citty: 'b' }] });
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain('demo.v1.Inner has no field "town"');
  expect(lines[1]).toContain("Did you mean 'city'?");
});

describe('what is no mistake', () => {
  class Dto {
    message = 'x';
    helper = (): string => this.message;
    get shout(): string {
      return this.message.toUpperCase();
    }
    method(): void {}
  }
  test.each<[string, object]>([
    ['a class with methods and accessors', new Dto()],
    ['symbols', { [Symbol('s')]: 1 }],
    ['what is not enumerable', Object.defineProperty({}, 'hidden', { value: 1 })],
    ['undefined and null', { other: undefined, another: null }],
    ['marks of code generators', { $type: 'demo.v1.Ask', $typeName: 'demo.v1.Ask', $unknown: [], '@type': 'x' }],
    ['the name of a member, as the option oneofs gives it', { kind: 'text', text: 'x' }],
  ])('%s', (_name, message) => {
    for (const unknownProperties of ['warn', 'error'] as const) {
      const { encode, lines } = greet({ unknownProperties });
      encode(message);
      expect(lines).toEqual([]);
    }
  });
});

test('a mistake that comes late is found, too', () => {
  const { encode, lines } = greet();
  for (let i = 0; i < 1000; i += 1) encode({ message: 'x' });
  for (let i = 0; i < 150; i += 1) encode({ late: 'x' });
  expect(lines).toHaveLength(1);
});

test('a limit keeps names that a peer chooses from filling the log', () => {
  const { encode, lines } = greet();
  encode(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`unknown${i}`, 1])));
  expect(lines).toHaveLength(20);
});

test('error refuses each of them, ignore none', () => {
  const strict = greet({ unknownProperties: 'error' });
  for (let i = 0; i < 500; i += 1) strict.encode({ message: 'x' });
  expect(() => strict.encode({ inner: { citty: 'a' } })).toThrow(
    'demo.v1.Ask: inner.citty: expected a field of demo.v1.Inner; it has none of this name. ' +
      'Did you mean \'city\'?, got string "a"',
  );
  const { encode, lines } = greet({ unknownProperties: 'ignore' });
  expect(encode({ mesage: 'x' })).toHaveLength(0);
  expect(lines).toEqual([]);
});

test('another value of the option is an error with the value', () => {
  expect(() => greet({ unknownProperties: 'no' as 'warn' })).toThrow(
    "unknownProperties: expected 'error', 'warn' or 'ignore', got string \"no\"",
  );
});
