import { Duplex } from 'node:stream';

/** Observes the bytes of a connection, in their order. */
export interface ByteWatcher {
  onSent(bytes: Uint8Array): void;
  onReceived(bytes: Uint8Array): void;
}

/** A socket whose bytes are shown to a watcher on their way; backpressure and half-close pass through. */
export class WatchedDuplex extends Duplex {
  constructor(
    private readonly socket: Duplex,
    private readonly watcher: ByteWatcher,
  ) {
    super();
    socket.on('data', (chunk: Buffer) => {
      watcher.onReceived(chunk);
      if (!this.push(chunk)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
    socket.pause();
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.watcher.onSent(chunk);
    this.socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }
}
