import { connect as connectSocket, type Socket } from 'node:net';
import type { Chunks } from '../case.js';
import { encodeWritten, FrameCutter, type ReadFrame, type Written } from '../wire/frame.js';
import { turn } from '../../support/deferred.js';

/** How long, in milliseconds, a peer may take for what it has to do before the case fails. No case waits that long when all is well. */
const PATIENCE_MS = 10_000;

let patienceMs = PATIENCE_MS;

/** Changes the patience, in milliseconds; without an argument back to what it was. For the tests of the runners. */
export function setPatience(ms = PATIENCE_MS): void {
  patienceMs = ms;
}

/** What came from the peer next: a frame, or the end of the connection with its reason. */
export type Incoming = { frame: ReadFrame } | { ended: string };

/** One end of a socket on which frames are written as a case says and read one by one. */
export class RawConnection {
  private readonly cutter = new FrameCutter();
  private readonly arrived: Incoming[] = [];
  private waiting: ((incoming: Incoming) => void) | undefined;
  private readonly closed: Promise<void>;

  constructor(private readonly socket: Socket) {
    let reason = 'the peer closed the connection';
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      const rest = this.cutter.unfinished;
      this.arrive({ ended: rest > 0 ? `${reason}, ${rest} bytes into a frame` : reason });
    };
    socket.on('data', (chunk: Buffer) => {
      if (over) return;
      try {
        for (const frame of this.cutter.push(chunk)) this.arrive({ frame });
      } catch (error) {
        reason = String(error);
        end();
      }
    });
    socket.on('end', end);
    socket.on('error', (error: Error) => (reason = `the connection broke: ${error.message}`));
    this.closed = new Promise((resolve) =>
      socket.on('close', () => {
        end();
        resolve();
      }),
    );
  }

  /** Connects to a unix socket. The runner's side stays open when the peer closes its own, until it says otherwise. */
  static async toPath(path: string): Promise<RawConnection> {
    const socket = connectSocket({ path, allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawConnection(socket);
  }

  /** Writes, in the pieces that `chunks` asks for; done when the kernel has all of it. */
  async write(written: readonly Written[], chunks: Chunks = 'one'): Promise<void> {
    const frames = written.map(encodeWritten);
    for (const piece of cut(frames, chunks)) {
      await patiently(this.writeOne(piece), () => `the peer took ${piece.length} bytes`);
      if (chunks !== 'one') await turn();
    }
  }

  /** The next thing that comes. Fails when nothing does: `wanted` says for what the case waits. */
  async next(wanted: () => string): Promise<Incoming> {
    const first = this.arrived.shift();
    if (first !== undefined) return first;
    return patiently(
      new Promise<Incoming>((resolve) => {
        this.waiting = resolve;
      }),
      wanted,
    );
  }

  /** Closes the sending side. */
  halfClose(): void {
    this.socket.end();
  }

  /** Closes both sides and waits until the socket is gone. */
  async destroy(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  private writeOne(piece: Buffer): Promise<void> {
    return new Promise((resolve) => {
      // What a failed write means shows in what is read: the end of the connection.
      this.socket.write(piece, () => resolve());
    });
  }

  private arrive(incoming: Incoming): void {
    const waiting = this.waiting;
    this.waiting = undefined;
    if (waiting === undefined) this.arrived.push(incoming);
    else waiting(incoming);
  }
}

function cut(frames: readonly Buffer[], chunks: Chunks): Buffer[] {
  if (chunks === 'frames') return [...frames];
  const all = Buffer.concat(frames);
  if (chunks === 'one') return [all];
  const sizes = chunks === 'bytes' ? Array.from({ length: all.length - 1 }, () => 1) : chunks;
  const pieces: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(all.subarray(at, at + size));
    at += size;
  }
  if (at < all.length) pieces.push(all.subarray(at));
  return pieces;
}

/** The promise's value, or an error that says what was waited for, once the patience is over. */
export function patiently<T>(promise: Promise<T>, wanted: () => string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const ms = patienceMs;
    const timer = setTimeout(() => reject(new Error(`after ${ms} ms still waiting until ${wanted()}`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
