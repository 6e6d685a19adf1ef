import type { Duplex } from 'node:stream';

/** How often a paused connection probes its peer, in ms. */
export const PROBE_MS = 1000;

const NOTHING = new Uint8Array(0);

/**
 * Detects that a peer has closed while its connection is not read: a socket reports the end only to readers. Writing zero
 * bytes fails with EPIPE on a unix socket whose peer has closed, and costs next to nothing. It does not work on TCP, where
 * the end shows when reading resumes.
 */
export class PeerProbe {
  #timer: NodeJS.Timeout | undefined;

  /** Probes `duplex`, which emits 'error' when the peer is gone. */
  constructor(private readonly duplex: Duplex) {}

  /** Starts probing; does nothing when it already does. */
  start(): void {
    this.#timer ??= setInterval(() => {
      // A pending write fails by itself.
      if (this.duplex.writable && this.duplex.writableLength === 0) this.duplex.write(NOTHING);
    }, PROBE_MS);
  }

  /** Stops probing. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
