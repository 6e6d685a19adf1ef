import type { Duplex } from 'node:stream';
import type { Side } from './frame.js';

/** Is told of what passes a relay. */
export interface RelayWatcher {
  /** Bytes are about to be passed on. The relay reads no more of them until the promise resolves. */
  onBytes(from: Side, chunk: Uint8Array): Promise<void> | undefined;
  /** One side has ended its half. */
  onEnd(from: Side): void;
}

/**
 * Passes on what each of two sockets sends, byte for byte, with its backpressure, and the end of each half by itself.
 * Either may have ended, or be gone, before it begins. Resolves when both are closed.
 */
export async function relay(client: Duplex, server: Duplex, watcher: RelayWatcher): Promise<void> {
  // Otherwise Node ends our half when the other one ends.
  client.allowHalfOpen = server.allowHalfOpen = true;
  const closed = Promise.all([client, server].map(closing));
  passOn(client, server, 'client', watcher);
  passOn(server, client, 'server', watcher);
  await closed;
}

function passOn(from: Duplex, to: Duplex, side: Side, watcher: RelayWatcher): void {
  from.on('data', (chunk: Buffer) => {
    const shown = watcher.onBytes(side, chunk);
    const isTaken = to.write(chunk);
    if (isTaken && shown === undefined) return;
    from.pause();
    void Promise.all([shown, isTaken ? undefined : drained(to)]).then(() => from.resume());
  });
  const onEnd = (): void => {
    watcher.onEnd(side);
    to.end();
  };
  const onClose = (): void => {
    // One half may still have been open: nobody would read what is written to it, or end it.
    if (!from.readableEnded || !from.writableFinished) destroyWhenSent(to);
  };
  from.on('end', onEnd);
  // A reset, or one that is gone while it is written to: the other side learns it the same way.
  from.on('error', () => destroyWhenSent(to));
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

function closing(socket: Duplex): Promise<void> {
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
