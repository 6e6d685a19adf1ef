import { expect, it } from '@jest/globals';
import { of } from 'rxjs';
import { streamKind } from '../../../src/common/stream-kind.js';

class Asynchronous {
  [Symbol.asyncIterator](): AsyncIterator<number> {
    return { next: () => Promise.resolve({ value: undefined, done: true }) };
  }
}

it.each<[string | undefined, unknown]>([
  ['an Observable', of(1)],
  ['an AsyncIterable', new Asynchronous()],
  ['an async generator', (async function* () {})()],
  ['a generator', (function* () {})()],
  ['an iterator', [1].values()],
  [undefined, { text: 'a message' }],
  [undefined, [1]],
  [undefined, new Map()],
  [undefined, Buffer.from('bytes')],
  [undefined, 'text'],
  [undefined, null],
])('says %s of %p', (kind, value) => {
  expect(streamKind(value)).toBe(kind);
});
