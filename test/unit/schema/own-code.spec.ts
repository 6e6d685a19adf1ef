import { expect, test } from '@jest/globals';
import { runInNewContext } from 'node:vm';
import protobuf from 'protobufjs';
import { MessageTypes } from '../../../src/schema/message-types.js';
import { ownCode } from '../../../src/schema/codec/own-code.js';
import { codecOf, schemaOf } from './proto-fixture.js';

const TEXT = `syntax = "proto3"; message M { string a = 1; bytes b = 2; int64 c = 3; optional bool d = 4; M m = 5; }`;
const MESSAGE = { a: 'text', b: Buffer.from('bytes'), c: '-5', d: true, m: { a: 'in', b: Buffer.from('n') } };

/** Runs `action` in a process that forbids code from strings, as far as this one can tell. */
function withoutCode<T>(action: () => T): T {
  const { Function: known } = globalThis;
  globalThis.Function = function () {
    throw new EvalError('Code generation from strings disallowed for this context');
  } as unknown as FunctionConstructor;
  try {
    return action();
  } finally {
    globalThis.Function = known;
  }
}

test('messages are the same where code from strings is forbidden', () => {
  const roundTrip = (): [string, unknown] => {
    // Of a schema of its own: codecs are made at their first use.
    const codec = codecOf(schemaOf(TEXT, { loader: { longs: String } }), 'M');
    const bytes = codec.encode(MESSAGE);
    return [Buffer.from(bytes).toString('hex'), codec.decode(bytes)];
  };
  const [hex, decoded] = withoutCode(roundTrip);
  expect(decoded).toEqual(MESSAGE);
  expect(roundTrip()).toEqual([hex, decoded]);
});

test('it is undefined where code from strings is forbidden', () => {
  const code = (): unknown => ownCode('(value) => value + added', { added: 1 });
  expect(withoutCode(code)).toBeUndefined();
  expect((code() as (value: number) => number)(1)).toBe(2);
  // What the fallback relies on: V8 raises an error, and a context without code does not run it.
  const options = { contextCodeGeneration: { strings: false } };
  expect(() => void runInNewContext('new Function("return 1")()', {}, options)).toThrow('disallowed');
});

test('the name of a field is a name and nothing else', () => {
  const name = 'x"]; throw new Error("ran"); \\ ` ${y} \n \u2028 m["';
  const root = new protobuf.Root();
  const type = new protobuf.Type('M').add(new protobuf.Field(name, 1, 'int32'));
  root.add(type).resolveAll();
  const codec = new MessageTypes(root, {}, 100).codec(type);
  expect(codec.decode(codec.encode({ [name]: 7 }))).toEqual({ [name]: 7 });
});
