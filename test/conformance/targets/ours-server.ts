import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from 'nestjs-ttrpc/protocol';
import type { ServerTarget } from '../run/server-case.js';
import { interopService } from './interop-service.js';
import { Journal } from './journal.js';

/** A server that was started for the suite. */
export type StartedServer = ServerTarget & { stop(): Promise<void> };

/** Our engine alone, serving the interop service on a unix socket in a folder of its own. */
export async function startOurServer(): Promise<StartedServer> {
  const folder = await mkdtemp(join(tmpdir(), 'ttrpc-conformance-'));
  const path = join(folder, 's');
  const journal = new Journal();
  const server = await serve(`unix://${path}`, interopService(journal));
  return {
    peer: 'ours',
    path,
    awaitEvent: (event) => journal.wait(event),
    hasStarted: (method, seq) => Promise.resolve(journal.has({ event: 'started', method, seq })),
    async stop() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
