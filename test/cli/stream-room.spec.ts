import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { roomIn } from '../../src/cli/stream-room.js';

test('all who wait for room in a stream share one listener, and leave none behind', async () => {
  let take: () => void = () => undefined;
  const stream = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => (take = done) });
  const own = stream.listenerCount('close');
  for (let round = 0; round < 3; round++) {
    expect(stream.write('full')).toBe(false);
    const waiting = Array.from({ length: 20 }, () => roomIn(stream));
    expect(stream.listenerCount('drain')).toBe(1);
    expect(stream.listenerCount('close')).toBe(own + 1);
    take();
    await Promise.all(waiting);
    expect(stream.listenerCount('drain')).toBe(0);
    expect(stream.listenerCount('close')).toBe(own);
  }
  stream.write('full');
  const waiting = roomIn(stream);
  stream.destroy();
  await waiting;
});
