import { goVersion, startGoDriver, startGoServer } from './go-peer.js';
import type { Flavour } from './nest/flavour.js';
import type { Driver, PeerName, ServerPeer } from './peer.js';
import type { DirectionName } from './report.js';
import { cargoVersion, startRustDriver, startRustServer } from './rust-peer.js';

/** A client and a server that are started for each other. */
export interface Direction extends DirectionName {
  startDriver(): Promise<Driver>;
  startServer(address: string): Promise<ServerPeer>;
}

interface Side {
  peer: PeerName;
  title: string;
  driver(): Promise<Driver>;
  server(address: string): Promise<ServerPeer>;
}

const go: Side = { peer: 'go', title: 'go', driver: startGoDriver, server: startGoServer };
const rust: Side = { peer: 'rust', title: 'rust', driver: startRustDriver, server: startRustServer };
const nest = (flavour: Flavour): Side => ({
  peer: 'nest',
  title: `nest (${flavour})`,
  driver: async () => (await import('./nest/driver.js')).startNestDriver(flavour),
  server: async (address) => (await import('./nest/server.js')).startNestServer(address, flavour),
});

const direction = (client: Side, server: Side): Direction => ({
  client: client.peer,
  server: server.peer,
  title: `${client.title} -> ${server.title}`,
  startDriver: () => client.driver(),
  startServer: (address) => server.server(address),
});

const [observables, iterables] = [nest('observables'), nest('iterables')];

/** Every pair of peers that is tried. A foreign peer with itself shows that a case is right. */
export const directions: readonly Direction[] = [
  direction(go, go),
  direction(go, observables),
  direction(go, iterables),
  direction(observables, go),
  direction(iterables, go),
  direction(rust, rust),
  direction(rust, observables),
  direction(rust, iterables),
  direction(observables, rust),
  direction(iterables, rust),
  direction(observables, observables),
  direction(iterables, iterables),
];

/** A foreign peer that cannot be built here, and what is missing. */
export interface MissingPeer {
  peer: PeerName;
  reason: string;
}

/** The foreign peers whose toolchain this machine lacks. */
export async function missingPeers(): Promise<MissingPeer[]> {
  const missing: MissingPeer[] = [];
  if ((await goVersion()) === undefined) missing.push({ peer: 'go', reason: 'No Go toolchain ("go" in PATH)' });
  if ((await cargoVersion()) === undefined)
    missing.push({ peer: 'rust', reason: 'No Rust toolchain ("cargo" in PATH)' });
  return missing;
}
