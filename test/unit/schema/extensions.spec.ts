import { describe, expect, test } from '@jest/globals';
import { codecOf, errorOf, hex, schemaOf } from './proto-fixture.js';

describe('extensions', () => {
  test.each([
    [
      'field of the message',
      'message Test { extensions 100; optional Test Test = 1; message N { extend Test { optional int32 x = 100; } } }',
      '.Test.N.x',
    ],
    [
      'field of another',
      'message A { optional int32 Test = 1; } message N { extend Test { optional int32 x = 100; } } message Test { extensions 100; }',
      '.N.x',
    ],
  ])('extend a message, not a %s', (_name, text, name) => {
    const codec = codecOf(schemaOf(`syntax = "proto2"; ${text}`), 'Test');
    expect(codec.encode({ [name]: 1 })).toEqual(hex('a00601'));
  });

  test.each([
    ['enum E { A = 0; }', 'an enum'],
    ['service E {}', 'a service'],
    ['message M { optional int32 E = 1; }', 'a field'],
  ])('of what is no message: %s', (text, kind) => {
    const error = errorOf(() => schemaOf(`syntax = "proto2";\n${text}\nextend E { optional int32 x = 100; }`));
    expect(error.message).toMatch(`test.proto:3: message type 'E', which is extended, is ${kind}, not a message`);
  });
});
