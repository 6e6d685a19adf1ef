import type { Duplex } from 'node:stream';
import { TtrpcError } from '../protocol/core/errors.js';
import { inRootContext } from '../protocol/core/root-context.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import { MemoryEnd } from '../protocol/socket/memory-pair.js';

/** A server that listens in this process, as the local clients see it. */
export interface LocalServer {
  /** True when it serves the service of that full name. */
  servesName(service: string): boolean;
  /** Serves one more connection. */
  accept(duplex: Duplex, address: string): void;
}

/** One for each process (and realm), so that the ES module and the CommonJS build of this library reach each other. */
const SERVERS = Symbol.for('nestjs-ttrpc.local-servers');

/** The servers that listen in this process, on whatever address. */
export function localServers(): Set<LocalServer> {
  const owner = globalThis as { [SERVERS]?: Set<LocalServer> };
  return (owner[SERVERS] ??= new Set());
}

/**
 * Connects to the server of this process that serves all of `services` (full names), without a socket.
 * @throws {TtrpcError} UNAVAILABLE while none does, FAILED_PRECONDITION when several do
 */
export function connectLocally(services: readonly string[]): Duplex {
  const serving = [...localServers()].filter((server) => services.every((service) => server.servesName(service)));
  const [server] = serving;
  const names = services.join(', ');
  if (!server) {
    const message = `no TtrpcServer of this process listens and serves ${names}`;
    throw new TtrpcError(TtrpcStatus.UNAVAILABLE, message, { unsent: true });
  }
  if (serving.length > 1) {
    const message = `${serving.length} TtrpcServers of this process serve ${names}: give the one you mean url: 'memory:name', and the client the same url in place of local`;
    throw new TtrpcError(TtrpcStatus.FAILED_PRECONDITION, message, { unsent: true });
  }
  const [client, end] = MemoryEnd.pair();
  inRootContext(() => server.accept(end, 'memory:local'));
  return client;
}
