import { Duplex } from 'node:stream';

/** One end of a pair: what it writes the other one reads. */
class End extends Duplex {
  other: End | undefined;

  override _read(): void {
    // Bytes come when they come.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.other?.push(Buffer.from(chunk));
    done();
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { other } = this;
    this.other = undefined;
    if (other && !other.destroyed) other.destroy();
    done(error);
  }
}

/** A connection in memory. */
export class MemoryPair {
  readonly client: Duplex;
  readonly server: Duplex;

  constructor() {
    const [client, server] = [new End(), new End()];
    client.other = server;
    server.other = client;
    this.client = client;
    this.server = server;
  }
}
