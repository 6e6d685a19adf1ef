import { expect, jest, test } from '@jest/globals';
import protobuf from 'protobufjs';
import { MessageTypes } from '../../../src/schema/message-types.js';

const OTHERS = Array.from({ length: 50 }, (_, index) => index);
const TEXT = `syntax = "proto3"; ${OTHERS.map((index) => `message Other${index} { string a = 1; }`).join('\n')}
  message Large { ${OTHERS.map((index) => `Other${index} other${index} = ${index + 1};`).join(' ')} }`;

/** A large type stops the event loop at its first message if all that it refers to is made ready then. */
test('the first message of a type makes codecs only of the types that are sent', () => {
  const { root } = protobuf.parse(TEXT);
  root.resolveAll();
  const types = new MessageTypes(root, {}, 100);
  const encoder = jest.spyOn(types, 'encoder');
  const decoder = jest.spyOn(types, 'decoder');
  const codec = types.codec(root.lookupType('Large'));
  const message = { other3: { a: 'x' } };
  expect(codec.decode(codec.encode(message))).toEqual(message);
  expect(encoder.mock.calls.map(([{ name }]) => name)).toEqual(['Large', 'Other3']);
  expect(decoder.mock.calls.map(([{ name }]) => name)).toEqual(['Large', 'Other3']);
});
