import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { serve, type RawServer } from '../../src/protocol/index.js';
import { TempFolder } from '../support/temp-folder.js';
import { goProgram, goVersion } from './go-peer.js';
import { turn } from '../support/deferred.js';

const run = promisify(execFile);
const CALLS = 100;
const DEADLINE_MS = 100;

const go = await goVersion();
if (go === undefined) process.stderr.write('no Go: who ends a call at its deadline is not tested\n');

(go === undefined ? describe.skip : describe)('a Go client whose calls wait for ever', () => {
  let folder: TempFolder;
  let server: RawServer;
  let aborted: number;

  beforeEach(async () => {
    folder = new TempFolder();
    aborted = 0;
    server = await serve(folder.url(), {
      'interop.v1.Interop': {
        Unary: (_bytes, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              aborted++;
              reject(signal.reason as Error);
            });
          }),
      },
    });
  });

  afterEach(async () => {
    await server.close();
    folder.remove();
  });

  it('ends each of them itself, and their handlers are aborted', async () => {
    const program = await goProgram('deadlines');
    const { stdout } = await run(program, [folder.url(), String(CALLS), String(DEADLINE_MS)]);
    const { byClient, byServer, other } = JSON.parse(stdout) as { byClient: number; byServer: number; other: string[] };
    expect({ ended: byClient + byServer, other }).toEqual({ ended: CALLS, other: [] });
    // Where the client does not run for 10 ms, on a busy machine, the server is first; it would be in more than 10 of the
    // calls if it did not wait so long.
    expect(byServer).toBeLessThanOrEqual(3);
    while (server.connectionCount > 0) await turn();
    expect(aborted).toBe(CALLS);
  }, 300_000);
});
