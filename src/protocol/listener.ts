import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { formatAddress, type Address } from './address.js';
import { messageOf, TtrpcError } from './errors.js';
import { TtrpcStatus } from './status.js';
import { listenOnPath } from './unix-listener.js';

/** How a server's sockets are bound. */
export interface ListenOptions {
  /** Permission bits of a unix socket's file, set before anybody can find it (0o600). Default: what the umask leaves. */
  socketMode?: number | undefined;
  /** Length of the queue of connects that wait to be accepted. Default 4,096; with Node's 511 a burst of 1,000 fails with EAGAIN. */
  backlog?: number | undefined;
}

/** Default of {@link ListenOptions.backlog}. */
const BACKLOG = 4096;

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
  const server = createServer({ pauseOnConnect: false, noDelay: true });
  // An accept that fails (too many open files) must not end the process; the next one may succeed.
  server.on('error', () => undefined);
  let bound = '';
  server.on('connection', (socket) => onSocket(socket, bound));
  const backlog = options.backlog ?? BACKLOG;
  const remove =
    address.kind === 'unix'
      ? await listenOnPath(server, address.path, options.socketMode, backlog)
      : await listenElsewhere(server, address, backlog);
  bound = formatAddress(boundAddress(server, address));
  return {
    address: bound,
    server,
    close: () => {
      server.close();
      remove?.();
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
