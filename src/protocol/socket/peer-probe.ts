import type { Duplex } from 'node:stream';

/** How often a connection that is not read asks whether its peer is still there, in ms. */
export const PROBE_MS = 1000;

const NOTHING = new Uint8Array(0);

/**
 * Notices that a peer is gone while its connection is not read: a socket tells of the end only to who reads. Writing
 * nothing fails on a unix socket whose peer has closed (EPIPE), and costs nothing else. TCP does not tell this way; there
 * the end shows when reading goes on.
 */
export class PeerProbe {
  #timer: NodeJS.Timeout | undefined;

  /** Probes `duplex`, whose 'error' event then says that the peer is gone. */
  constructor(private readonly duplex: Duplex) {}

  /** Begins to ask; harmless when it does already. */
  start(): void {
    this.#timer ??= setInterval(() => {
      // What waits to be written fails by itself.
      if (this.duplex.writable && this.duplex.writableLength === 0) this.duplex.write(NOTHING);
    }, PROBE_MS);
  }

  /** Asks no more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
