import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGoServer as start } from '../../interop/go-peer.js';
import { eventMatches } from './journal.js';
import type { StartedServer } from './ours-server.js';

/** The Go server of the interoperability tests, on a unix socket in a folder of its own. */
export async function startGoServer(): Promise<StartedServer> {
  const folder = await mkdtemp(join(tmpdir(), 'ttrpc-conformance-'));
  const path = join(folder, 's');
  const server = await start(`unix://${path}`);
  return {
    peer: 'go',
    path,
    async awaitEvent(wanted) {
      const event = await server.awaitEvent(wanted.event, wanted.method, wanted.seq);
      if (!eventMatches(event, wanted))
        throw new Error(`happened: ${JSON.stringify(event)}; expected: ${JSON.stringify(wanted)}`);
    },
    async hasStarted(method, seq) {
      const events = await server.events();
      return events.some((event) => event.event === 'started' && event.method === method && event.seq === seq);
    },
    async stop() {
      try {
        await server.stop();
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
