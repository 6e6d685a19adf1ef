import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestDriverOptions } from '../interop/nest/driver.js';
import type { Driver, ServerPeer } from '../interop/peer.js';
import type { SoakPeer } from './peers.js';

/** A client and a server of some kind. */
export interface Pair {
  client: SoakPeer;
  server: SoakPeer;
}

/** Ours with itself, and with each foreign peer as the server and as the client. */
export function pairsOf(own: SoakPeer, others: readonly SoakPeer[]): Pair[] {
  return [
    { client: own, server: own },
    ...others.flatMap((other) => [
      { client: own, server: other },
      { client: other, server: own },
    ]),
  ];
}

/** `go -> own`. */
export function titleOf({ client, server }: Pair): string {
  return `${client.title} -> ${server.title}`;
}

/** Starts both, does something with them and stops them, whatever comes of it. */
export async function withPair<T>(
  { client, server }: Pair,
  options: NestDriverOptions,
  work: (driver: Driver, server: ServerPeer) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ttrpc-soak-'));
  let serving: ServerPeer | undefined;
  let driver: Driver | undefined;
  let result: T;
  try {
    serving = await server.server(`unix://${join(folder, 's.sock')}`);
    driver = await client.driver(options);
    result = await work(driver, serving);
  } catch (error) {
    // How the peers end must not hide why this failed.
    await stop(folder, driver, serving).catch(() => undefined);
    throw error;
  }
  await stop(folder, driver, serving);
  return result;
}

async function stop(folder: string, driver: Driver | undefined, server: ServerPeer | undefined): Promise<void> {
  // Both, whatever the other one does; a bad end of either is an error.
  const stopped = await Promise.allSettled([driver?.stop(), server?.stop()]);
  await rm(folder, { recursive: true, force: true });
  for (const one of stopped) if (one.status === 'rejected') throw one.reason;
}
