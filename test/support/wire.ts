import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { readingServer } from '../../src/protocol/socket/accepted-reads.js';

/** A connection: one end is for who is under test, the other one is the fuzzer's. */
export interface Wire {
  /** The end for who is under test. */
  readonly duplex: Duplex;
  /** What was written by who is under test. */
  readonly written: readonly Buffer[];
  /** Sends bytes; nothing when the other end is gone. */
  send(bytes: Buffer): void;
  /** Reads, on a wire that did not. */
  unstall(): void;
  /** Closes the sending side. */
  end(): void;
  /** Cuts the connection. */
  cut(error?: Error): void;
}

class MemoryEnd extends Duplex {
  readonly written: Buffer[] = [];
  #waiting: (() => void) | undefined;

  constructor(private stalls: boolean) {
    super({ highWaterMark: 16 * 1024 });
  }

  unstall(): void {
    this.stalls = false;
    const done = this.#waiting;
    this.#waiting = undefined;
    done?.();
  }

  override _read(): void {
    // Bytes come when they come.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    // A copy: an arena may be used again once it is taken.
    this.written.push(Buffer.from(chunk));
    if (this.stalls && this.written.length > 1) this.#waiting = done;
    else done();
  }
}

/**
 * A wire in memory. With `stalls` it takes the first write and leaves all others waiting, as a peer that does not read.
 */
export function memoryWire(stalls: boolean): Wire {
  const duplex = new MemoryEnd(stalls);
  return {
    duplex,
    written: duplex.written,
    send: (bytes) => void (duplex.destroyed || duplex.push(bytes)),
    unstall: () => duplex.unstall(),
    end: () => void (duplex.destroyed || duplex.push(null)),
    cut: (error) => void duplex.destroy(error),
  };
}

/** Makes wires over unix sockets. */
export class SocketWires {
  #idle: { server: Server; path: string }[] = [];
  #count = 0;

  private constructor(private readonly folder: string) {}

  /** Makes the folder that the sockets are in. */
  static async create(): Promise<SocketWires> {
    return new SocketWires(await mkdtemp(join(tmpdir(), 'ttrpc-fuzz-')));
  }

  /** A connected pair of sockets. With `stalls` the fuzzer's end does not read. */
  async connect(stalls: boolean): Promise<Wire> {
    // One connection at a time for each listener: so it is known which ends belong together.
    const listener = this.#idle.pop() ?? (await this.#listen());
    const accepted = once(listener.server, 'connection') as Promise<[Socket]>;
    const near = createConnection({ path: listener.path, allowHalfOpen: true });
    const [[duplex]] = await Promise.all([accepted, once(near, 'connect')]);
    this.#idle.push(listener);
    const written: Buffer[] = [];
    const read = (): void => void near.on('data', (chunk: Buffer) => written.push(chunk));
    near.on('error', () => near.destroy());
    near.on('end', () => near.destroy());
    if (!stalls) read();
    return {
      duplex,
      written,
      send: (bytes) => void (near.writable && near.write(bytes)),
      unstall: () => void (stalls && read()),
      end: () => void near.end(),
      cut: () => void near.destroy(),
    };
  }

  /** Stops listening and removes the folder. */
  async close(): Promise<void> {
    for (const { server } of this.#idle.splice(0)) server.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #listen(): Promise<{ server: Server; path: string }> {
    const path = join(this.folder, String(this.#count++));
    // As a server's own listener: read into a shared buffer.
    const server = readingServer({}, 'shared');
    server.listen(path);
    await once(server, 'listening');
    return { server, path };
  }
}
