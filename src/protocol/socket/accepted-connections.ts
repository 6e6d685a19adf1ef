import type { Duplex } from 'node:stream';
import { parseAddress } from './address.js';
import { TtrpcError } from '../core/errors.js';
import { TtrpcStatus } from '../core/status.js';
import { listen, type ListenOptions } from './listener.js';

/** Options of {@link acceptConnections}. */
export interface AcceptOptions extends ListenOptions {
  /** How many connections may wait to be taken; more are closed. Default 64. */
  maxWaiting?: number | undefined;
}

/** Connections that servers make to their client. */
export interface AcceptedConnections {
  /** The address that it is bound to. */
  readonly address: string;
  /**
   * Gives the next connection, as soon as there is one: the option `connect` of a client. It needs no `this`. Rejects with
   * the reason of `signal` when that aborts first, and with UNAVAILABLE after {@link close}.
   */
  readonly connect: (signal?: AbortSignal) => Promise<Duplex>;
  /** Listens no more, and closes the connections that nobody has taken. Those that were taken stay. */
  close(): Promise<void>;
}

interface Waiting {
  resolve(duplex: Duplex): void;
  reject(error: unknown): void;
}

/**
 * Listens for servers that dial their client, as a virtual machine's agent may: `const dialed = await
 * acceptConnections('unix:///run/my.sock')`, then `connect(dialed.connect)` or `new TtrpcClient({ connect: dialed.connect,
 * streams: 'shared' })`. Each connection is given to one `connect`; with `streams: 'dedicated'` each stream needs another.
 * Rejects with a TtrpcError that names the address when it cannot be bound, and with a RangeError for an invalid option.
 */
export async function acceptConnections(url: string, options: AcceptOptions = {}): Promise<AcceptedConnections> {
  const { maxWaiting = 64 } = options;
  if (!Number.isInteger(maxWaiting) || maxWaiting < 1) {
    throw new RangeError(`maxWaiting: expected an integer of 1 or more, got ${String(maxWaiting)}`);
  }
  const queue = new AcceptQueue(maxWaiting);
  const listener = await listen(parseAddress(url), options, (duplex) => queue.push(duplex));
  return {
    address: listener.address,
    connect: (signal) => queue.take(signal),
    async close() {
      await listener.close();
      queue.close();
    },
  };
}

class AcceptQueue {
  readonly #connections: Duplex[] = [];
  readonly #waiting: Waiting[] = [];
  #closed = false;

  constructor(private readonly limit: number) {}

  push(duplex: Duplex): void {
    // Until somebody owns it an error must not be an uncaught exception; its end is what its owner hears of.
    duplex.on('error', ignore);
    const next = this.#waiting.shift();
    if (next) next.resolve(duplex);
    else if (this.#closed || this.#connections.length >= this.limit) duplex.destroy();
    else this.#connections.push(duplex);
  }

  take(signal?: AbortSignal): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      if (this.#closed) return reject(closed());
      let next = this.#connections.shift();
      while (next?.destroyed) next = this.#connections.shift();
      if (next) return resolve(next);
      const onAbort = (): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(signal?.reason as Error);
      };
      const waiting: Waiting = {
        resolve: (duplex) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(duplex);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      signal?.addEventListener('abort', onAbort);
      this.#waiting.push(waiting);
    });
  }

  close(): void {
    this.#closed = true;
    for (const duplex of this.#connections.splice(0)) duplex.destroy();
    for (const waiting of this.#waiting.splice(0)) waiting.reject(closed());
  }
}

function closed(): TtrpcError {
  return new TtrpcError(TtrpcStatus.UNAVAILABLE, 'connections are not accepted any more', { unsent: true });
}

function ignore(): void {
  // The end of the connection is all that matters.
}
