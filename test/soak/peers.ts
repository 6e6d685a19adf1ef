import { fileURLToPath } from 'node:url';
import { goVersion, startGoDriver, startGoServer } from '../interop/go-peer.js';
import { startNestDriver, type NestDriverOptions } from '../interop/nest/driver.js';
import { startNestServer } from '../interop/nest/server.js';
import { Driver, ServerPeer, type CallResult, type PeerName } from '../interop/peer.js';
import { Program } from '../interop/program.js';
import { cargoVersion, startRustDriver, startRustServer } from '../interop/rust-peer.js';
import type { PlannedCall } from './plan.js';

/** What a peer's own library holds of a stream between the program and the socket. */
export interface Queue {
  /** Messages; Infinity where the library has no limit. */
  messages: number;
  bytes: number;
}

/** A peer as the soak tests use it; a new one is added to {@link peers} alone. */
export interface SoakPeer {
  /** As in the tables. */
  title: string;
  name: PeerName;
  /** What is missing here, if it cannot be built. */
  missing(): Promise<string | undefined>;
  server(address: string): Promise<ServerPeer>;
  driver(options?: NestDriverOptions): Promise<Driver>;
  /** Before the socket, when it sends a stream. */
  sends: Queue;
  /** Behind the socket, when it reads one. */
  reads: Queue;
  /** Why its server does not keep the order of a long request stream; absent where it does. */
  reorders?: string;
  /** Bytes with which its server says that an answer is well; absent where it says nothing. */
  okStatusBytes?: number;
  /** Why its server does not let go of connections whose streams were cut short; absent where it does. */
  keepsConnections?: string;
  /** Where its library ends a call otherwise than its handler has: why. Such a call is counted apart. */
  excuse?(call: PlannedCall, result: CallResult): string | undefined;
}

const KIB = 1024;

const nestQueues = {
  // What is collected and not taken by the socket, and the message that is being made.
  sends: { messages: 1, bytes: 64 * KIB },
  // 256 KiB (512 messages if they are smaller), and the two reads of 64 KiB that are on their way when reading stops.
  reads: { messages: 1, bytes: 256 * KIB + 2 * 64 * KIB },
};

/** Ours in this process: nothing that it leaves behind can hide. */
export const ours: SoakPeer = {
  title: 'own',
  name: 'nest',
  missing: () => Promise.resolve(undefined),
  server: (address) => startNestServer(address, 'iterables'),
  driver: (options) => startNestDriver('iterables', options),
  ...nestQueues,
};

const register = fileURLToPath(new URL('../../scripts/typescript/register.mjs', import.meta.url));
const program = fileURLToPath(new URL('../interop/nest/main.ts', import.meta.url));

/** Ours as a process of its own: its memory is nobody else's. It runs the built package. */
export const oursApart: SoakPeer = {
  ...ours,
  async server(address) {
    const args = ['--import', register, program, 'server', 'iterables', '-addr', address];
    const [started, ready] = await Program.start('own server', process.execPath, args);
    return new ServerPeer('nest', String(ready['address']), started);
  },
  async driver() {
    const args = ['--import', register, program, 'client', 'iterables'];
    const [started] = await Program.start('own client', process.execPath, args);
    return new Driver('nest', started);
  },
};

const go: SoakPeer = {
  title: 'go',
  name: 'go',
  missing: async () => ((await goVersion()) === undefined ? 'no Go toolchain ("go" in PATH)' : undefined),
  server: startGoServer,
  driver: startGoDriver,
  // Its writer takes one message at a time from the handlers; its buffer is flushed after each.
  sends: { messages: 2, bytes: 4 * KIB },
  reads: { messages: 64 + 2, bytes: 4 * KIB },
};

const rust: SoakPeer = {
  title: 'rust',
  name: 'rust',
  missing: async () => ((await cargoVersion()) === undefined ? 'no Rust toolchain ("cargo" in PATH)' : undefined),
  server: startRustServer,
  driver: startRustDriver,
  // One queue of 100 frames for each connection, and the frame that is being written.
  sends: { messages: 100 + 2, bytes: 0 },
  // Beyond 100 messages each waits in a task of its own.
  reads: { messages: Infinity, bytes: 0 },
  // So it does under its own client and under Go's.
  reorders: 'the messages that wait in tasks of their own overtake each other',
  okStatusBytes: 2,
  keepsConnections: 'a stream handler that waits for input never ends, and neither does its connection',
  excuse({ spec }, { status }) {
    const refused = status?.code === 3 && status.message === 'Stream is no longer active';
    return refused && spec.requests?.some(({ fail }) => fail)
      ? 'the rust server refuses the rest of a stream before it sends the status with which the handler has ended it'
      : undefined;
  },
};

/** The foreign peers. */
export const foreign: readonly SoakPeer[] = [go, rust];
