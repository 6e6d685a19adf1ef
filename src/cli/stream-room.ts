import type { Writable } from 'node:stream';

const EVENTS = ['drain', 'close', 'error'];

/** Of each full stream; all who wait for it share one listener, since Node warns of a leak from the eleventh on. */
const waiting = new WeakMap<Writable, Promise<void>>();

/** Resolves when a stream that is full takes more, or nothing any more. */
export function roomIn(stream: Writable): Promise<void> {
  const known = waiting.get(stream);
  if (known) return known;
  const room = new Promise<void>((resolve) => {
    const done = (): void => {
      for (const event of EVENTS) stream.off(event, done);
      waiting.delete(stream);
      resolve();
    };
    for (const event of EVENTS) stream.on(event, done);
  });
  waiting.set(stream, room);
  return room;
}
