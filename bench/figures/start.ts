import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Load } from '../model.js';
import { driverCommand, serverCommand } from '../peers/peers.js';
import { PeerProcess } from '../runner/peer-process.js';
import type { Figure } from './figure.js';
import { SERVERS } from './servers.js';

const ONE_CALL: Load = { kind: 'unary', bytes: 64, inFlight: 1, calls: 1 };

/** From the start of the server's process to the first answer that a running client has. */
export const startFigure: Figure = {
  id: 'start',
  title: 'start of the server to the first reply',
  figures: ['ms'],
  pairs: SERVERS,
  quick: true,
  async measure({ client, server }) {
    const folder = await mkdtemp(join(tmpdir(), 'ttrpc-bench-'));
    const path = join(folder, 's');
    const driver = await PeerProcess.start(`driver ${client}`, driverCommand(client));
    try {
      const from = performance.now();
      const started = await PeerProcess.start(`server ${server}`, serverCommand(server, path));
      try {
        await driver.command('connect', { path, connections: 1 });
        await driver.command('run', ONE_CALL);
        return [performance.now() - from];
      } finally {
        await started.stop();
      }
    } finally {
      await driver.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};
