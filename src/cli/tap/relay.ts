import type { Duplex } from 'node:stream';
import { catchWrites } from './failed-writes.js';
import type { Side } from './frame.js';

/** Is told of what passes a relay. */
export interface RelayWatcher {
  /** Bytes are about to be passed on. The relay reads no more of them until the promise resolves. */
  onBytes(from: Side, chunk: Uint8Array): Promise<void> | undefined;
  /** One side has ended its half. */
  onEnd(from: Side): void;
}

/** What a write fails with when the other end reads no more. What it had sent before may still be waiting to be read. */
const NOBODY_READS = new Set(['EPIPE', 'ECONNRESET']);

/**
 * Passes on what each of two sockets sends, byte for byte, with its backpressure, and the end of each half by itself. What
 * one has sent before it closed reaches the other one, whatever that is sending. Either may have ended, or be gone,
 * before it begins. Resolves when both are closed.
 */
export async function relay(client: Duplex, server: Duplex, watcher: RelayWatcher): Promise<void> {
  // Otherwise Node ends our half when the other one ends.
  client.allowHalfOpen = server.allowHalfOpen = true;
  const closed = Promise.all([client, server].map(closing));
  const [toClient, toServer] = [new WritingHalf(client), new WritingHalf(server)];
  passOn(client, toServer, 'client', watcher);
  passOn(server, toClient, 'server', watcher);
  await closed;
}

/** What is written to a socket. A write that nobody reads ends this half alone, where Node destroys the socket. */
class WritingHalf {
  #isBroken = false;

  constructor(readonly socket: Duplex) {
    catchWrites(socket, (done) => (error) => {
      if (!NOBODY_READS.has(error?.code ?? '')) {
        done(error);
        return;
      }
      this.#break();
      done();
    });
  }

  /** False when it takes no more for now. What nobody reads is dropped: its sender is not to wait for that. */
  write(chunk: Uint8Array): boolean {
    return this.#isBroken || this.socket.destroyed || this.socket.write(chunk);
  }

  #break(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    const { socket } = this;
    // Nothing is left to do for it once it has sent all.
    if (socket.readableEnded) socket.destroy();
    else socket.once('end', () => socket.destroy());
  }
}

function passOn(from: Duplex, toHalf: WritingHalf, side: Side, watcher: RelayWatcher): void {
  const { socket: to } = toHalf;
  const pass = (chunk: Buffer): void => {
    const shown = watcher.onBytes(side, chunk);
    const isTaken = toHalf.write(chunk);
    if (isTaken && shown === undefined) return;
    from.pause();
    void Promise.all([shown, isTaken ? undefined : drained(to)]).then(() => from.resume());
  };
  from.on('data', pass);
  const onEnd = (): void => {
    watcher.onEnd(side);
    to.end();
  };
  const onError = (): void => {
    // While it is paused, it reads ahead.
    let unread: Buffer | null;
    while ((unread = from.read() as Buffer | null) !== null) pass(unread);
    destroyWhenSent(to);
  };
  const onClose = (): void => {
    // One half may still have been open: nobody would read what is written to it, or end it.
    if (!from.readableEnded || !from.writableFinished) destroyWhenSent(to);
  };
  from.on('end', onEnd);
  // A reset: the other side learns it the same way.
  from.on('error', onError);
  from.on('close', onClose);
  // The events of what happened before this do not come again.
  if (from.readableEnded) onEnd();
  if (from.destroyed) onClose();
}

/** Without the tap, what had come before a reset would have reached its reader, too. */
function destroyWhenSent(socket: Duplex): void {
  if (socket.writableLength === 0) socket.destroy();
  else socket.end(() => socket.destroy());
}

/** Resolves when a socket is closed. */
export function closing(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', resolve);
  });
}

function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}
