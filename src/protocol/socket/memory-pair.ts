import { Duplex } from 'node:stream';
// Not the globals: fake timers of tests replace those.
import { setImmediate } from 'node:timers';
import { inRootContext } from '../core/root-context.js';

type Done = (error?: Error | null) => void;

/**
 * One end of a connection within the process. It behaves as a unix socket does: what it writes reaches the other end in a
 * later turn of the event loop and outside of the writer's AsyncLocalStorage, a peer that does not read makes writes wait,
 * an end follows what was written before it, and a write to a peer that has gone fails with EPIPE.
 */
export class MemoryEnd extends Duplex {
  #peer: MemoryEnd | undefined;
  /** The peer's write, which waits until this end reads on. */
  #waiting: Done | undefined;

  /** Two ends, connected to each other. */
  static pair(): [MemoryEnd, MemoryEnd] {
    const [one, other] = [new MemoryEnd(), new MemoryEnd()];
    one.#peer = other;
    other.#peer = one;
    return [one, other];
  }

  constructor() {
    // As a socket does, it ends when its peer has ended.
    super({ allowHalfOpen: false });
  }

  override _read(): void {
    const done = this.#waiting;
    this.#waiting = undefined;
    done?.();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    // A probe writes nothing: only its error counts.
    if (chunk.length === 0) {
      done(this.#peer ? null : brokenPipe());
      return;
    }
    later(() => {
      const peer = this.#peer;
      if (!peer || peer.destroyed) done(brokenPipe());
      // A copy, since the writer uses its memory again.
      else if (peer.push(Buffer.from(chunk))) done();
      else peer.#waiting = done;
    });
  }

  override _final(done: Done): void {
    later(() => {
      this.#peer?.push(null);
      done();
    });
  }

  override _destroy(error: Error | null, done: Done): void {
    const [peer, waiting] = [this.#peer, this.#waiting];
    this.#peer = this.#waiting = undefined;
    if (peer) later(() => peer.#onPeerGone());
    waiting?.(brokenPipe());
    done(error);
  }

  #onPeerGone(): void {
    this.#peer = undefined;
    if (!this.readableEnded && !this.destroyed) this.push(null);
  }
}

function later(run: () => void): void {
  inRootContext(() => setImmediate(run));
}

function brokenPipe(): Error {
  return Object.assign(new Error('the other end of the connection in memory has gone (EPIPE)'), { code: 'EPIPE' });
}
