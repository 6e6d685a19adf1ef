import { Duplex, PassThrough, Transform } from 'node:stream';
import { performance } from 'node:perf_hooks';
import { describe, expect, it } from '@jest/globals';
import { serve } from '../../src/protocol/index.js';

/** Less than the second that a peer has which may follow. */
const SOON_MS = 500;

async function closed(duplex: Duplex): Promise<number> {
  const server = await serve(duplex, {});
  const begun = performance.now();
  await server.close();
  expect(duplex.destroyed).toBe(true);
  return performance.now() - begun;
}

describe('closing a Duplex whose other end does not follow', () => {
  it('without an end of its own: at once', async () => {
    const duplex = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    expect(await closed(duplex)).toBeLessThan(SOON_MS);
  });

  it('behind what was written', async () => {
    const written: string[] = [];
    const duplex = new Duplex({
      read: () => undefined,
      write: (chunk, _encoding, done) => {
        setImmediate(() => {
          written.push(String(chunk));
          done();
        });
      },
    });
    duplex.write('last words');
    await closed(duplex);
    expect(written.join('')).toBe('last words');
  });

  it('with one: the peer has a second to take what was written', async () => {
    let ended = false;
    const duplex = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => done(),
      final: (done) => {
        ended = true;
        done();
      },
    });
    expect(await closed(duplex)).toBeGreaterThan(SOON_MS);
    expect(ended).toBe(true);
  });

  it.each([
    ['a PassThrough', () => new PassThrough()],
    ['a Transform', () => new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) })],
  ])('%s ends by itself', async (_name, make) => {
    expect(await closed(make())).toBeLessThan(SOON_MS);
  });
});
