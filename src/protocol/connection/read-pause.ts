import type { Connection } from './connection.js';
import { Timer } from '../core/timer.js';

/** A stream whose reader is slow holds back the reading of a connection that others use for so long at most, in ms. */
export const MAX_STALL_MS = 1000;

/**
 * The read pressure of one stream on its connection. While the stream is alone there, the connection is simply not
 * read, and the peer feels it through the socket. Others, also those that come later, are held back for
 * {@link MAX_STALL_MS} at most, then `onStalled` ends the stream, and it alone.
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
    this.#watch();
  }

  /** Lets the connection be read again; harmless when it is not held. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#timer?.clear();
    this.#timer = undefined;
    this.connection.release();
  }

  #watch(): void {
    this.#timer = new Timer(MAX_STALL_MS, () => {
      if (this.isAlone()) {
        this.#watch();
        return;
      }
      this.release();
      this.onStalled();
    });
  }
}
