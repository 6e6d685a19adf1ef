import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGoServer } from '../../interop/go-peer.js';
import type { ServerPeer } from '../../interop/peer.js';
import { startRustServer } from '../../interop/rust-peer.js';
import type { Peer } from '../case.js';
import { patiently } from '../run/connection.js';
import { eventMatches } from './journal.js';
import type { StartedServer } from './ours-server.js';

const START: Record<Exclude<Peer, 'ours'>, (address: string) => Promise<ServerPeer>> = {
  go: startGoServer,
  rust: startRustServer,
};

/** A foreign server of the interoperability tests, on a unix socket in a folder of its own. */
export async function startForeignServer(peer: Exclude<Peer, 'ours'>): Promise<StartedServer> {
  const folder = await mkdtemp(join(tmpdir(), 'ttrpc-conformance-'));
  const path = join(folder, 's');
  const server = await START[peer](`unix://${path}`);
  return {
    peer,
    path,
    async awaitEvent(wanted) {
      const happens = server.awaitEvent(wanted.event, wanted.method, wanted.seq);
      const event = await patiently(happens, () => `${wanted.event} of ${wanted.method} seq ${wanted.seq} happens`);
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
