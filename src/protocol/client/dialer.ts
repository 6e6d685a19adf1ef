import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import { describe } from '../core/describe.js';
import { messageOf, TtrpcError } from '../core/errors.js';
import { TtrpcStatus } from '../core/status.js';
import { publishOpened } from '../core/diagnostics.js';
import { formatAddress, type Address } from '../socket/address.js';
import { dial } from '../socket/dial.js';
import { isDuplex } from '../socket/duplex.js';
import type { SocketReads } from '../socket/socket-reads.js';
import { Watchdog } from '../connection/watchdog.js';
import { ClientConnection, type ClientLimits, type ConnectionOwner } from './client-connection.js';

/** Where a channel's connections come from. */
export type ConnectionSource =
  | { readonly kind: 'address'; readonly address: Address }
  /** Exactly one connection, shared by all calls; when it is gone the channel is closed. */
  | { readonly kind: 'duplex'; readonly duplex: Duplex }
  /** One Duplex for each connection that is wanted. */
  | { readonly kind: 'connect'; readonly connect: (signal: AbortSignal) => Promise<Duplex> };

/** Makes the connections of one channel and watches over their frames. */
export class Dialer {
  readonly #abort = new AbortController();
  readonly #connections = new Set<ClientConnection>();
  readonly #watchdog: Watchdog;

  /** Makes no connection yet. */
  constructor(
    private readonly source: ConnectionSource,
    private readonly limits: ClientLimits,
    private readonly socketReads: SocketReads = 'shared',
  ) {
    this.#watchdog = new Watchdog(this.#connections, {
      frameTimeoutMs: limits.frameTimeoutMs,
      idleTimeoutMs: undefined,
    });
    // Each connection that is being made listens to it.
    setMaxListeners(0, this.#abort.signal);
  }

  /** True when there is one connection and no other: a Duplex, or a descriptor that the process has inherited. */
  get isSingle(): boolean {
    const { source } = this;
    return source.kind === 'duplex' || (source.kind === 'address' && source.address.kind === 'fd');
  }

  /** Where the connections go: an address, or `duplex` where they are given. */
  get address(): string {
    return this.source.kind === 'address' ? formatAddress(this.source.address) : 'duplex';
  }

  /** The connections that are open. */
  get connections(): Iterable<ClientConnection> {
    return this.#connections;
  }

  /** Makes a connection for `owner`. Rejects with UNAVAILABLE, or with the error of {@link close}. */
  async open(owner: ConnectionOwner): Promise<ClientConnection> {
    const { source } = this;
    const { signal } = this.#abort;
    if (source.kind === 'duplex') {
      throw new TtrpcError(TtrpcStatus.UNAVAILABLE, 'the connection is gone', { unsent: true });
    }
    const duplex = await (source.kind === 'address'
      ? dial(source.address, signal, this.socketReads)
      : take(source.connect, signal));
    if (signal.aborted) {
      duplex.destroy();
      throw TtrpcError.from(signal.reason);
    }
    return this.speakOn(duplex, owner);
  }

  /** Takes a Duplex that is connected. */
  speakOn(duplex: Duplex, owner: ConnectionOwner): ClientConnection {
    const connection = new ClientConnection(duplex, this.limits, owner, !this.isSingle, this.address);
    this.#connections.add(connection);
    publishOpened('client', this.address);
    this.#watchdog.start();
    return connection;
  }

  /** `connection` is gone: each owner reports it. */
  forget(connection: ClientConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#watchdog.stop();
  }

  /** Gives up the connections that are being made. */
  close(error: TtrpcError): void {
    this.#abort.abort(error);
  }
}

/** Asks a user's function for a connection. Rejects with UNAVAILABLE when it has none to give. */
async function take(connect: (signal: AbortSignal) => Promise<Duplex>, signal: AbortSignal): Promise<Duplex> {
  let duplex: unknown;
  try {
    duplex = await connect(signal);
  } catch (error) {
    if (error instanceof TtrpcError) throw error;
    const message = `cannot connect: ${messageOf(error)}`;
    throw new TtrpcError(TtrpcStatus.UNAVAILABLE, message, { cause: error, unsent: true });
  }
  if (isDuplex(duplex)) return duplex;
  const message = `connect: expected a Duplex, got ${describe(duplex)}`;
  throw new TtrpcError(TtrpcStatus.UNAVAILABLE, message, { unsent: true });
}
