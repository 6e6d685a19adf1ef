import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { formatAddress, type Address } from './address.js';
import { messageOf, TtrpcError } from './errors.js';
import { TtrpcStatus } from './status.js';
import type { SocketFileOptions } from './socket-file-options.js';
import { listenOnPath } from './unix-listener.js';

/** How a server's sockets are bound. */
export interface ListenOptions extends SocketFileOptions {
  /** Length of the queue of connects that wait to be accepted. Default 4,096; with Node's 511 a burst of 1,000 fails with EAGAIN. */
  backlog?: number | undefined;
}

/** Default of {@link ListenOptions.backlog}. */
const BACKLOG = 4096;

/** After so long without a byte a TCP peer is asked whether it is there, in ms: one that is gone says nothing by itself. */
export const KEEP_ALIVE_MS = 15_000;

/** A bound address. */
export interface Listener {
  /** What it is bound to: a TCP port 0 has become a real one. */
  readonly address: string;
  readonly server: Server;
  /** Accepts nothing more and removes the socket's file; resolves at once, open connections stay. */
  close(): void;
}

/** Binds `address` and calls `onSocket` for each connection. Rejects with a TtrpcError that names the address. */
export async function listen(
  address: Address,
  options: ListenOptions,
  onSocket: (socket: Socket, address: string) => void,
): Promise<Listener> {
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
  // An accept that fails (too many open files) must not end the process; the next one may succeed.
  server.on('error', () => undefined);
  let bound = '';
  server.on('connection', (socket) => onSocket(socket, bound));
  const backlog = options.backlog ?? BACKLOG;
  const remove =
    address.kind === 'unix'
      ? await listenOnPath(server, address.path, options, backlog)
      : await listenElsewhere(server, address, backlog);
  bound = formatAddress(boundAddress(server, address));
  return {
    address: bound,
    server,
    close: () => {
      // In this order: while the socket is bound the file's identity cannot be another's.
      remove?.();
      server.close();
    },
  };
}

function listenElsewhere(
  server: Server,
  address: Exclude<Address, { kind: 'unix' }>,
  backlog: number,
): Promise<undefined> {
  return new Promise((resolve, reject) => {
    const onError = (error: unknown): void => {
      server.close();
      const text = `cannot listen on ${formatAddress(address)}: ${messageOf(error)}`;
      reject(new TtrpcError(TtrpcStatus.FAILED_PRECONDITION, text, { cause: error }));
    };
    server.once('error', onError);
    const target =
      address.kind === 'tcp'
        ? { host: address.host, port: address.port, backlog }
        : address.kind === 'fd'
          ? { fd: address.fd }
          : { path: `\0${address.name}`, backlog };
    server.listen(target, () => {
      server.off('error', onError);
      resolve(undefined);
    });
  });
}

function boundAddress(server: Server, address: Address): Address {
  if (address.kind !== 'tcp') return address;
  // A server that listens on TCP has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return { ...address, port };
}
