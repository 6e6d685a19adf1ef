import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Load } from '../model.js';
import { driverCommand, serverCommand } from '../peers/peers.js';
import { PeerProcess } from '../runner/peer-process.js';
import type { Figure } from './figure.js';
import { SERVERS } from './servers.js';

const ONE_CALL: Load = { kind: 'unary', bytes: 64, inFlight: 1, calls: 1 };

/** One for each kind of client, for all rounds: a driver that has just started itself would be measured with the server. */
const drivers = new Map<string, PeerProcess>();
/** Servers that were started once: the first time their files may not be in memory. */
const warm = new Set<string>();

/** From the start of the server's process to the first response that a running client has. */
export const startFigure: Figure = {
  id: 'start',
  title: 'start of the server to the first reply',
  figures: ['ms'],
  pairs: [...SERVERS, { client: 'go-ttrpc', server: 'nest-floor' }],
  quick: true,
  rounds: { quick: 11, full: 25 },
  async measure({ client, server }) {
    const driver = drivers.get(client) ?? (await PeerProcess.start(`driver ${client}`, driverCommand(client)));
    drivers.set(client, driver);
    if (!warm.has(server)) await startAndCall(server, driver);
    warm.add(server);
    return [await startAndCall(server, driver)];
  },
  async end() {
    for (const driver of drivers.values()) await driver.stop();
    drivers.clear();
    warm.clear();
  },
};

/** Resolves with the time in ms. */
async function startAndCall(server: string, driver: PeerProcess): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'ttrpc-bench-'));
  const path = join(folder, 's');
  try {
    const from = performance.now();
    const started = await PeerProcess.start(`server ${server}`, serverCommand(server, path));
    try {
      await driver.command('connect', { path, connections: 1 });
      await driver.command('run', ONE_CALL);
      return performance.now() - from;
    } finally {
      await driver.command('close');
      await started.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
