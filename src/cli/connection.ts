import type { Duplex } from 'node:stream';
import { once } from 'node:events';
import { connect, type RawClient } from '../protocol/client/connect.js';
import { TtrpcError } from '../protocol/core/errors.js';
import { formatAddress, parseAddress, type Address } from '../protocol/socket/address.js';
import { dial } from '../protocol/socket/dial.js';
import { Mux, RUNTIME_CONNECTION } from '../nri/mux.js';
import type { Arguments, FlagSpec } from './command.js';
import { numberOf } from './arguments.js';
import { ToolError } from './tool-error.js';
import { WatchedDuplex, type ByteWatcher } from './wire/watched-duplex.js';

/** The flags that say how the server is reached. */
export const CONNECTION_FLAGS = {
  'connect-timeout': { type: 'string', value: 'seconds', help: 'how long connecting may take (default: 10)' },
  'hybrid-vsock': {
    type: 'string',
    value: 'port',
    help: 'the address is a hybrid vsock (Firecracker, kata): ask it for this port of the guest first',
  },
  'nri-mux': { type: 'boolean', help: "the address is NRI's socket: call the runtime through NRI's multiplexer" },
} as const satisfies Record<string, FlagSpec>;

const CONNECT_SECONDS = 10;

/** The longest response line of a hybrid vsock, in bytes. */
const MAX_HANDSHAKE_BYTES = 256;

/** A connection to the server, and the client that speaks on it. */
export interface CommandConnection {
  readonly client: RawClient;
  /** Ends it; calls in flight fail. */
  readonly close: () => void;
}

/**
 * Connects to `address`, once: a command's calls share one connection, and what is cancelled closes it. `watcher` is told
 * of all bytes.
 * @throws ToolError naming the address when it is invalid or no server listens there
 */
export async function openConnection(
  address: string,
  args: Arguments,
  watcher?: ByteWatcher,
): Promise<CommandConnection> {
  const isMux = args.count('nri-mux') > 0;
  const trunk = await dialAddress(address, args, isMux || watcher !== undefined);
  const socket = isMux ? new Mux(trunk).open(RUNTIME_CONNECTION) : trunk;
  const duplex = watcher ? new WatchedDuplex(socket, watcher) : socket;
  const client = await connect(duplex);
  return {
    client,
    close: () => {
      client.close();
      socket.destroy();
    },
  };
}

/**
 * Connects to `address`, through the hybrid vsock that the flags name. `needsOwnReads`: something other than the engine
 * reads the socket.
 * @throws ToolError naming the address when it is invalid or nobody listens there
 */
export async function dialAddress(address: string, args: Arguments, needsOwnReads: boolean): Promise<Duplex> {
  const parsed = parsedAddress(address);
  const timeoutMs = 1000 * numberOf(args, 'connect-timeout', CONNECT_SECONDS, { min: 0.001 });
  const port = args.text('hybrid-vsock');
  if (port !== undefined) numberOf(args, 'hybrid-vsock', 0, { min: 0, integer: true });
  const signal = AbortSignal.timeout(timeoutMs);
  let socket: Duplex | undefined;
  try {
    socket = await dial(parsed, signal, port !== undefined || needsOwnReads ? 'stream' : 'shared');
    if (port !== undefined) await askForPort(socket, port, signal, address);
    return socket;
  } catch (error) {
    socket?.destroy();
    if (signal.aborted) {
      throw new ToolError(`cannot connect to ${formatAddress(parsed)}: no connection within ${timeoutMs / 1000} s`);
    }
    if (error instanceof ToolError) throw error;
    const { message } = error as { message: string };
    // What happens after the connect does not name the address.
    throw new ToolError(error instanceof TtrpcError ? message : `${address}: ${message}`, { cause: error });
  }
}

/** @throws ToolError for an invalid address */
export function parsedAddress(address: string): Address {
  try {
    return parseAddress(address);
  } catch (error) {
    throw new ToolError((error as { message: string }).message, { cause: error });
  }
}

/** The handshake of Firecracker's and cloud-hypervisor's hybrid vsock: `CONNECT <port>`, and `OK <port>` comes back. */
async function askForPort(socket: Duplex, port: string, signal: AbortSignal, address: string): Promise<void> {
  const refused = (what: string): ToolError =>
    new ToolError(`${address}: the hybrid vsock did not connect to port ${port}: ${what}`);
  socket.write(`CONNECT ${port}\n`);
  let line = '';
  while (!line.includes('\n')) {
    const chunk = socket.read(1) as Buffer | null;
    if (chunk !== null) {
      line += chunk.toString('latin1');
      if (line.length > MAX_HANDSHAKE_BYTES) break;
      continue;
    }
    if (socket.readableEnded || socket.destroyed) throw refused('it closed the connection');
    await Promise.race([
      once(socket, 'readable', { signal }),
      once(socket, 'end', { signal }),
      once(socket, 'close', { signal }),
    ]);
  }
  if (!/^OK\b/.test(line)) {
    socket.destroy();
    throw refused(`it sent ${JSON.stringify(line.trim())}, expected OK`);
  }
}
