import type { Duplex } from 'node:stream';
import { inRootContext } from '../core/root-context.js';
import { MemoryEnd } from './memory-pair.js';

/** Servers by name, each as a function that connects to it. */
type MemoryNames = Map<string, () => Duplex>;

/** One for each process (and realm), so that the ES module and the CommonJS build of this library reach each other. */
const NAMES = Symbol.for('nestjs-ttrpc.memory');

/** The servers of this process that listen on `memory:` addresses. */
function memoryNames(): MemoryNames {
  const owner = globalThis as { [NAMES]?: MemoryNames };
  return (owner[NAMES] ??= new Map<string, () => Duplex>());
}

/**
 * Serves `memory:name` within this process; `onConnection` gets the server's end of each connection.
 * @returns a function that gives the name up; open connections stay.
 * @throws {Error} EADDRINUSE while another server has the name.
 */
export function listenInMemory(name: string, onConnection: (duplex: Duplex) => void): () => void {
  const names = memoryNames();
  if (names.has(name)) throw withCode('EADDRINUSE');
  const connect = (): Duplex => {
    const [client, server] = MemoryEnd.pair();
    // The server's handlers must not see the AsyncLocalStorage of the client that happens to connect.
    inRootContext(() => onConnection(server));
    return client;
  };
  names.set(name, connect);
  return () => {
    if (names.get(name) === connect) names.delete(name);
  };
}

/**
 * The client's end of a new connection to the server of `memory:name`.
 * @throws {Error} ECONNREFUSED when no server of this process has the name.
 */
export function connectInMemory(name: string): Duplex {
  const connect = memoryNames().get(name);
  if (!connect) throw withCode('ECONNREFUSED');
  return connect();
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code });
}
