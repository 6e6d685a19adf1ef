import { fstatSync } from 'node:fs';
import type { AddressInfo, ListenOptions as NetListenOptions, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { readingServer } from './accepted-reads.js';
import { formatAddress, type Address } from './address.js';
import { isClusterWorker, primaryFolder, primaryHasCaughtUp } from './cluster-worker.js';
import { messageOf, TtrpcError } from '../core/errors.js';
import { KEEP_ALIVE_MS } from './keep-alive.js';
import { listenInMemory } from './memory-names.js';
import { listenWithWorkers } from './shared-unix-listener.js';
import type { SocketFileOptions } from './socket-file-options.js';
import { socketReadsOf, type SocketReadsOption } from './socket-reads.js';
import { TtrpcStatus } from '../core/status.js';
import { listening, listenOnPath } from './unix-listener.js';

/** How a server's sockets are bound and read. */
export interface ListenOptions extends SocketFileOptions, SocketReadsOption {
  /** How many connects may wait to be accepted. Default 4,096: with Node's 511, a burst of 1,000 fails with EAGAIN. */
  backlog?: number | undefined;
}

/** Default of {@link ListenOptions.backlog}. */
const BACKLOG = 4096;

/** A bound address. */
export interface Listener {
  /** The address it is bound to, with the real port in place of TCP port 0. */
  readonly address: string;
  /** Node's server; none for `memory:`. */
  readonly server?: Server;
  /**
   * Stops accepting and removes the socket's file; open connections stay. It is done when it returns, except in a worker
   * of node:cluster: there it resolves when no connection is on its way to this worker any more, and only the last worker
   * that listens on a path removes the file.
   */
  close(): Promise<void> | undefined;
}

/**
 * Binds `address` and calls `onSocket` for each connection. In a worker of node:cluster the primary process binds it, for
 * all workers that listen there. Rejects with a TtrpcError that names the address.
 */
export async function listen(
  address: Address,
  options: ListenOptions,
  onSocket: (socket: Duplex, address: string) => void,
): Promise<Listener> {
  if (address.kind === 'memory') return serveInMemory(address, onSocket);
  if (address.kind === 'hvsock') throw hvsockError(address);
  const netOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  const server = readingServer(netOptions, socketReadsOf(options));
  // An accept that fails (too many open files) must not end the process; the next one may succeed.
  server.on('error', () => undefined);
  let bound = '';
  server.on('connection', (socket) => onSocket(socket, bound));
  const backlog = options.backlog ?? BACKLOG;
  const shared = isClusterWorker();
  let close: Listener['close'];
  if (address.kind === 'unix') {
    const listenOn = shared ? listenWithWorkers : listenOnPath;
    close = await listenOn(server, address.path, options, backlog);
  } else {
    await listenElsewhere(server, address, backlog, shared);
    close = () => {
      server.close();
      return shared ? primaryHasCaughtUp() : undefined;
    };
  }
  bound = formatAddress(boundAddress(server, address));
  return { address: bound, server, close };
}

function serveInMemory(
  address: Extract<Address, { kind: 'memory' }>,
  onConnection: (duplex: Duplex, address: string) => void,
): Listener {
  const bound = formatAddress(address);
  try {
    const release = listenInMemory(address.name, (duplex) => onConnection(duplex, bound));
    return { address: bound, close: () => void release() };
  } catch (error) {
    throw listenError(address, error, false);
  }
}

/** Hypervisors make connections from within a machine to a socket of the port's name. */
function hvsockError({ path, port }: Extract<Address, { kind: 'hvsock' }>): TtrpcError {
  const text = `cannot listen on hvsock://${path}:${port}: hvsock addresses are for clients; for connections from within the virtual machine listen on unix://${path}_${port}`;
  return new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, text);
}

function listenError(address: Address, error: unknown, shared: boolean): TtrpcError {
  const text = `cannot listen on ${formatAddress(address)}: ${reasonOf(address, error, shared)}`;
  return new TtrpcError(TtrpcStatus.FAILED_PRECONDITION, text, { cause: error });
}

async function listenElsewhere(
  server: Server,
  address: Exclude<Address, { kind: 'unix' | 'memory' | 'hvsock' }>,
  backlog: number,
  shared: boolean,
): Promise<void> {
  try {
    // In a worker, the number means a descriptor of the primary.
    if (address.kind === 'fd' && !shared) checkSocket(address.fd);
    await listening(server, netTarget(address, backlog, shared));
  } catch (error) {
    server.close();
    throw listenError(address, error, shared);
  }
}

function netTarget(
  address: Exclude<Address, { kind: 'unix' | 'memory' | 'hvsock' }>,
  backlog: number,
  shared: boolean,
): NetListenOptions & { fd?: number } {
  switch (address.kind) {
    case 'tcp':
      return { host: address.host, port: address.port, backlog };
    case 'fd':
      return { fd: address.fd, backlog };
    case 'abstract': {
      const path = `\0${address.name}`;
      // A worker resolves a path before the primary takes it as relative to its own folder, abstract or not.
      return { path: shared ? `${primaryFolder().replace(/\/$/, '')}/${path}` : path, backlog };
    }
  }
}

/** @throws {Error} EBADF or ENOTSOCK when the descriptor is not an open socket. */
function checkSocket(fd: number): void {
  if (!fstatSync(fd).isSocket())
    throw Object.assign(new Error(`descriptor ${fd} is not a socket`), { code: 'ENOTSOCK' });
}

const REASONS = new Map([
  ['EADDRINUSE', 'another server listens there'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['EACCES', 'this process has no permission to listen there'],
  ['ENOTFOUND', 'there is no such host'],
  ['EBADF', 'this process has no such descriptor'],
  ['ENOTSOCK', 'the descriptor is not a socket'],
]);

function reasonOf({ kind }: Address, error: unknown, shared: boolean): string {
  const code = (error as { code?: string } | null)?.code ?? '';
  if (kind === 'memory') return 'another server of this process has that name';
  if (shared && kind === 'fd') return `the primary process of the cluster has no such listening socket (${code})`;
  const reason = REASONS.get(code);
  return reason ? `${reason} (${code})` : messageOf(error);
}

function boundAddress(server: Server, address: Address): Address {
  if (address.kind !== 'tcp') return address;
  // A server that listens on TCP has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return { ...address, port };
}
