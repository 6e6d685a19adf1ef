import type { OnReadOpts, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { MAX_KEPT_RATIO } from '../wire/retain.js';

/** The most that one read takes, in bytes. */
const READ_BYTES = 64 * 1024;

/** Receives what was read, in `buf[0, end)`. The bytes are valid only during the call. */
export type ReadListener = (buf: Uint8Array, end: number) => void;

/** The listener of a socket that reads into a shared buffer. */
interface Reads {
  listener: ReadListener;
}

const readsOf = new WeakMap<Duplex, Reads>();

/**
 * The buffer that all sockets of a thread share: each read is processed before the next one. On Windows a socket holds its
 * buffer while it waits for bytes, so there each has its own.
 */
let shared: Uint8Array | undefined;

/**
 * The option `onread` for a socket that reads into the shared buffer, and `adopt`, to be called with that socket. Without
 * it Node allocates 64 KiB for each read, which the garbage collector counts: with messages of a few KiB that alone makes
 * it mark the whole heap many times a second.
 */
export function sharedReads(): { onread: OnReadOpts; adopt(socket: Socket): void } {
  const reads: Reads = { listener: ignore };
  const buffer = process.platform === 'win32' ? readBuffer() : (shared ??= readBuffer());
  return {
    onread: {
      buffer,
      callback: (bytes) => {
        reads.listener(buffer, bytes);
        return true;
      },
    },
    adopt(socket) {
      readsOf.set(socket, reads);
      // Read nothing until there is a listener: it would be lost.
      socket.pause();
    },
  };
}

/** Passes what `duplex` reads, once it is resumed, to `listener` until the returned function is called. */
export function listenToReads(duplex: Duplex, listener: ReadListener): () => void {
  const reads = readsOf.get(duplex);
  if (reads) {
    reads.listener = listener;
    return () => {
      reads.listener = ignore;
    };
  }
  const onData = (chunk: Uint8Array): void => listener(chunk, chunk.length);
  duplex.on('data', onData);
  return () => duplex.off('data', onData);
}

/** Its memory is more than {@link MAX_KEPT_RATIO} times as large (the rest is never touched), so whatever is kept of it is copied. */
function readBuffer(): Uint8Array {
  return Buffer.allocUnsafeSlow(MAX_KEPT_RATIO * READ_BYTES + 1).subarray(0, READ_BYTES);
}

function ignore(): void {
  // The connection is closed.
}
