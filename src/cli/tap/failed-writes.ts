import type { Duplex } from 'node:stream';

/** What a write calls when it is done, or has failed. */
export type Done = (error?: NodeJS.ErrnoException | null) => void;

/** Has each write of `socket` call what `instead` makes of its callback: no option keeps a failed one from destroying it. */
export function catchWrites(socket: Duplex, instead: (done: Done) => Done): void {
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  socket._write = (chunk, encoding, done) => write(chunk, encoding, instead(done));
  if (writev) socket._writev = (chunks, done) => writev(chunks, instead(done));
}

/**
 * Keeps a socket open when its peer takes no more, and calls `onFailed` then: a server may have answered and closed, and
 * Node, which destroys the socket of a failed write, would never read the answer that is there already. The failed write is
 * never done for Node, so that it writes nothing more; what the peer had sent is read up to its end.
 */
export function outliveFailedWrites(socket: Duplex, onFailed: () => void): void {
  catchWrites(socket, (done) => (error) => {
    if (!error) done();
    // Once destroyed, there is nothing more to read: who waits for the write is told.
    else if (socket.destroyed) done(error);
    else onFailed();
  });
}
