import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, TtrpcStatus, type RawClient, type TtrpcError } from '../../src/protocol/index.js';
import { TempFolder } from '../support/temp-folder.js';
import { goVersion, startGoServer } from './go-peer.js';
import type { ServerPeer } from './peer.js';
import { turn } from '../support/deferred.js';

const STREAMS = 32;
/** Uploads end at the deadline in a race between our timer and the server's status: so many rounds to see the status win. */
const MAX_ROUNDS = 2500;
/** What Go's server responds, with INVALID_ARGUMENT, to a Data frame that comes when the deadline has passed there. */
const DATA_ERROR = 'data handling error: context deadline exceeded';
/** An empty message of the schema. */
const EMPTY = new Uint8Array(0);

const go = await goVersion();
if (go === undefined) process.stderr.write('no Go: what its server sends at a deadline is not tested\n');

(go === undefined ? describe.skip : describe)('an upload to a Go server whose deadline passes', () => {
  let folder: TempFolder;
  let server: ServerPeer;
  let client: RawClient;

  beforeEach(async () => {
    folder = new TempFolder();
    server = await startGoServer(folder.url());
    client = await connect(folder.url(), { maxStreamConnections: STREAMS });
  }, 300_000);

  afterEach(async () => {
    client.close();
    await server.stop();
    folder.remove();
  });

  /** Sends without end; what the call ended with. */
  async function upload(timeoutMs: number): Promise<TtrpcError> {
    const stream = client.stream('interop.v1.Interop', 'ClientStream', 'client-streaming', { timeoutMs });
    try {
      for (;;) {
        for (let i = 0; i < 8; i++) await stream.send(EMPTY);
        await turn();
      }
    } catch (error) {
      return error as TtrpcError;
    }
  }

  it('ends with DEADLINE_EXCEEDED, also by the INVALID_ARGUMENT with which the server responds to its Data', async () => {
    const late = new Set<string>();
    for (let round = 0; round < MAX_ROUNDS && !late.has(DATA_ERROR); round++) {
      const errors = await Promise.all(Array.from({ length: STREAMS }, (_, i) => upload(20 + (i % 8) / 8)));
      expect(errors.map(({ code }) => code)).toEqual(errors.map(() => TtrpcStatus.DEADLINE_EXCEEDED));
      for (const { cause } of errors) if (cause) late.add((cause as TtrpcError).message);
    }
    expect([...late]).toContain(DATA_ERROR);
  }, 240_000);
});
