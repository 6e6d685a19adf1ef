import { Timer } from '../core/timer.js';

/** How long, in ms, a stream with a slow reader may hold back the reading of a connection that others use. */
export const MAX_PAUSE_MS = 1000;

/** What is read: a connection. */
export interface ReadSource {
  /** Stops reading until the same number of {@link resumeReading} calls. */
  pauseReading(): void;
  /** Takes one {@link pauseReading} back. */
  resumeReading(): void;
}

/**
 * How one stream pauses the reading of its connection. While the stream is alone there, the connection is simply not
 * read, and the peer feels it through the socket. Others, also those that come later, are held back for
 * {@link MAX_PAUSE_MS} at most, then `onTooLong` ends the stream, and it alone.
 */
export class ReadPause {
  #paused = false;
  #timer: Timer | undefined;

  /** `isAlone` tells whether the stream has its connection to itself. */
  constructor(
    private readonly connection: ReadSource,
    private readonly isAlone: () => boolean,
    private readonly onTooLong: () => void,
  ) {}

  /** Stops the reading of the connection; harmless when it is paused already. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.connection.pauseReading();
    this.#watch();
  }

  /** Lets the connection be read again; harmless when it is not paused. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#timer?.clear();
    this.#timer = undefined;
    this.connection.resumeReading();
  }

  #watch(): void {
    this.#timer = new Timer(MAX_PAUSE_MS, () => {
      if (this.isAlone()) {
        this.#watch();
        return;
      }
      this.resume();
      this.onTooLong();
    });
  }
}
