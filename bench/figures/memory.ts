import { setTimeout as sleep } from 'node:timers/promises';
import { memory, resetPeak } from '../meters/memory.js';
import type { Load } from '../model.js';
import { RunningPair } from '../runner/running-pair.js';
import type { Figure } from './figure.js';
import { SERVERS } from './servers.js';

type Server = Figure['pairs'][number];

const MIB = 1024 * 1024;
const CONNECTIONS = 1000;
/** Time for a server to give back what it gives back by itself, in ms. */
const SETTLE_MS = 500;
const SMALL: Omit<Load, 'calls'> = { kind: 'unary', bytes: 64, inFlight: 1 };

async function resident(pair: RunningPair): Promise<number> {
  await sleep(SETTLE_MS);
  return memory(pair.server.pid).now;
}

/**
 * Idle, for each of 1,000 connections after one call each, and what 64 calls of 256 KiB at once take at most.
 * Connections are opened on a server that has answered 20,000 calls: what the first ones load is no cost of a connection,
 * nor is the room for young objects that V8 keeps once it has been used. What the heap grows by for a thousand connections
 * is, once its garbage is collected: how much of that a process has at a moment is chance.
 */
export const memoryFigure: Figure = {
  id: 'memory',
  title: 'resident memory of the server',
  figures: ['idle MiB', 'per connection KiB', 'peak above idle MiB', 'after the load above idle MiB'],
  pairs: SERVERS,
  quick: true,
  // Fresh processes differ little.
  rounds: { quick: 1, full: 3 },
  async measure(each) {
    // It is sizes that are measured, not times: both at once.
    const [connections, load] = await Promise.all([forEachConnection(each), underLoad(each)]);
    return [load.idle / MIB, connections / 1024, (load.peak - load.idle) / MIB, (load.after - load.idle) / MIB];
  },
};

async function underLoad(each: Server): Promise<{ idle: number; peak: number; after: number }> {
  // Nest's TCP transport would hang with all of them on one connection.
  const pair = await RunningPair.start(each, each.server === 'nest-tcp' ? 64 : 1);
  try {
    const idle = await resident(pair);
    resetPeak(pair.server.pid);
    await pair.driver.command('run', { kind: 'unary', bytes: 262_144, inFlight: 64, calls: 64 } satisfies Load);
    const { peak } = memory(pair.server.pid);
    return { idle, peak, after: await resident(pair) };
  } finally {
    await pair.stop();
  }
}

async function forEachConnection(each: Server): Promise<number> {
  const pair = await RunningPair.start(each, 1);
  try {
    await pair.driver.command('run', { ...SMALL, inFlight: 64, calls: 20_000 } satisfies Load);
    await pair.collect();
    const before = await resident(pair);
    await pair.driver.command('connect', { path: pair.path, connections: CONNECTIONS });
    // Workers are spread over the connections: one call for each.
    const all = CONNECTIONS + 1;
    await pair.driver.command('run', { ...SMALL, inFlight: all, calls: all } satisfies Load);
    await pair.collect();
    return ((await resident(pair)) - before) / CONNECTIONS;
  } finally {
    await pair.stop();
  }
}
