import type { Connection } from './connection.js';
import { Timer } from './timer.js';

/** A stream whose reader is slow holds back the reading of a connection that others use for so long at most, in ms. */
export const MAX_STALL_MS = 1000;

/**
 * The read pressure of one stream on its connection. While the stream is alone there, the connection is simply not
 * read, and the peer feels it through the socket. Among others it may hold them back for {@link MAX_STALL_MS}, then
 * `onStalled` ends it, and it alone.
 */
export class ReadHold {
  #held = false;
  #timer: Timer | undefined;

  /** `isAlone` tells whether the stream has its connection to itself. */
  constructor(
    private readonly connection: Connection,
    private readonly isAlone: () => boolean,
    private readonly onStalled: () => void,
  ) {}

  /** Stops the reading of the connection; harmless when it is held already. */
  hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.connection.hold();
    if (!this.isAlone()) {
      this.#timer = new Timer(MAX_STALL_MS, () => {
        this.release();
        this.onStalled();
      });
    }
  }

  /** Lets the connection be read again; harmless when it is not held. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#timer?.clear();
    this.#timer = undefined;
    this.connection.release();
  }
}
