import type { Duplex } from 'node:stream';
import { connect, type RawClient } from '../protocol/client/connect.js';
import { TtrpcError } from '../protocol/core/errors.js';
import { formatAddress, parseAddress, type Address } from '../protocol/socket/address.js';
import { dial } from '../protocol/socket/dial.js';
import { connectHvsock, type HvsockAddress } from '../protocol/socket/hvsock.js';
import { Mux, RUNTIME_CONNECTION } from '../nri/mux.js';
import type { Arguments, FlagSpec } from './command.js';
import { millisecondsOf, numberOf } from './arguments.js';
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

const CONNECT_MS = 10_000;

/** A connection to the server, and the client that speaks on it. */
export interface CommandConnection {
  readonly client: RawClient;
  /** Ends it; calls in flight fail. */
  readonly close: () => void;
}

/** What bounds connecting, beside the flags. */
export interface DialLimits {
  /** Gives up connecting. */
  readonly signal?: AbortSignal | undefined;
  /** How long connecting may take at most, in ms, whatever `--connect-timeout` says. */
  readonly limitMs?: number | undefined;
}

/** What a connection needs of around. */
export interface ConnectionTools extends DialLimits {
  /** Is told of all bytes. */
  readonly watcher?: ByteWatcher | undefined;
}

/**
 * Connects to `address`, once: a command's calls share one connection, and what is cancelled closes it.
 * @throws ToolError naming the address when it is invalid or no server listens there
 */
export async function openConnection(
  address: string,
  args: Arguments,
  { watcher, ...limits }: ConnectionTools = {},
): Promise<CommandConnection> {
  const isMux = args.count('nri-mux') > 0;
  const trunk = await dialAddress(address, args, isMux || watcher !== undefined, limits);
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
export async function dialAddress(
  address: string,
  args: Arguments,
  needsOwnReads: boolean,
  { signal: interrupt, limitMs = Infinity }: DialLimits = {},
): Promise<Duplex> {
  const { parsed, vsock, timeoutMs: flagMs } = connectionOf(address, args);
  const timeoutMs = Math.min(flagMs, limitMs);
  // How long connecting may take is how long the virtual machine may take, too.
  const responseMs = args.text('connect-timeout') === undefined && timeoutMs === flagMs ? undefined : timeoutMs;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = interrupt ? AbortSignal.any([timeout, interrupt]) : timeout;
  const socketAddress: Address = vsock ? { kind: 'unix', path: vsock.path } : parsed;
  const open = (): Promise<Duplex> => dial(socketAddress, signal, needsOwnReads ? 'stream' : 'shared');
  try {
    // Once: a command says what is so now, where a client waits for a machine that may still be booting.
    return await (vsock ? connectHvsock(vsock, open, signal, { listenMs: 0, responseMs }) : open());
  } catch (error) {
    if (interrupt?.aborted) throw new ToolError('interrupted', { cause: error });
    if (timeout.aborted) {
      throw new ToolError(
        `cannot connect to ${formatAddress(vsock ?? parsed)}: no connection within ${timeoutMs / 1000} s`,
      );
    }
    const { message } = error as { message: string };
    // What happens after the connect does not name the address.
    throw new ToolError(error instanceof TtrpcError ? message : `${address}: ${message}`, { cause: error });
  }
}

/** What an address and the flags beside it say. */
export interface ConnectionPlan {
  readonly parsed: Address;
  /** The port behind the address. */
  readonly vsock: HvsockAddress | undefined;
  readonly timeoutMs: number;
}

/** Reads the flags of a connection without making one. @throws ToolError for what is invalid */
export function connectionOf(address: string, args: Arguments): ConnectionPlan {
  const parsed = parsedAddress(address);
  const timeoutMs = millisecondsOf(args, 'connect-timeout', CONNECT_MS);
  return { parsed, vsock: hybridVsock(parsed, args), timeoutMs };
}

/** The port that the address or `--hybrid-vsock` names behind the socket; undefined without one. @throws ToolError */
function hybridVsock(address: Address, args: Arguments): HvsockAddress | undefined {
  if (args.text('hybrid-vsock') === undefined) return address.kind === 'hvsock' ? address : undefined;
  const port = numberOf(args, 'hybrid-vsock', 0);
  if (address.kind === 'unix') return { kind: 'hvsock', path: address.path, port };
  throw new ToolError(`--hybrid-vsock: expected the path of a unix socket, got ${formatAddress(address)}`);
}

/** @throws ToolError for an invalid address */
export function parsedAddress(address: string): Address {
  try {
    return parseAddress(address);
  } catch (error) {
    throw new ToolError((error as { message: string }).message, { cause: error });
  }
}
