import { constants } from 'node:fs';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { fifoSocket } from './fifo-socket.js';

/** How long until the next look for a reader, in ms. */
const LOOK_MS = 5;

/**
 * Writes to a FIFO as soon as somebody reads it; until then what is written waits. Shims open the FIFO of a process's stdin
 * in the background, some time after the process was started.
 */
export class FifoWriter extends Writable {
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly path: string) {
    super();
  }

  override _construct(callback: (error?: Error | null) => void): void {
    // The fields of this class are set once its constructor is done.
    process.nextTick(() => this.#open(callback));
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#socket?.write(chunk, encoding, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket?.end(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#socket?.destroy();
    callback(error);
  }

  #open(callback: (error?: Error | null) => void): void {
    if (this.destroyed) {
      callback();
      return;
    }
    try {
      this.#socket = fifoSocket(this.path, constants.O_WRONLY);
    } catch (error) {
      if ((error as { code?: string }).code === 'ENXIO') {
        this.#timer = setTimeout(() => this.#open(callback), LOOK_MS);
        // A process that nobody reads from is no reason to stay alive.
        this.#timer.unref();
      } else {
        callback(error as Error);
      }
      return;
    }
    this.#socket.on('error', (error) => this.destroy(error));
    callback();
  }
}
