import type { OnReadOpts, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { MAX_KEPT_RATIO } from '../wire/retain.js';

/** So much is read at once at most, in bytes. */
const READ_BYTES = 64 * 1024;

/** Takes what was read: it stands in `buf[0, end)` for the time of the call. */
export type ReadListener = (buf: Uint8Array, end: number) => void;

/** Who takes what a socket reads into a shared buffer. */
interface Reads {
  listener: ReadListener;
}

const readsOf = new WeakMap<Duplex, Reads>();

/**
 * The buffer that a thread's sockets share: what one has read is dealt with before another one reads. On Windows a
 * socket keeps its buffer while it waits for bytes; there each has its own.
 */
let shared: Uint8Array | undefined;

/**
 * The option `onread` of a socket that reads into a shared buffer, and `adopt`, to be called with that socket. Node
 * else allocates 64 KiB for each read, which the garbage collector counts: with messages of some KiB this alone makes it
 * mark the whole heap many times a second.
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
      // Until somebody listens nothing is read: it would be lost.
      socket.pause();
    },
  };
}

/** Hands what `duplex` reads to `listener`, once it is resumed, until the returned function is called. */
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

/** The memory behind it is larger by more than {@link MAX_KEPT_RATIO}, but never touched: so whatever stands in it is copied. */
function readBuffer(): Uint8Array {
  return Buffer.allocUnsafeSlow(MAX_KEPT_RATIO * READ_BYTES + 1).subarray(0, READ_BYTES);
}

function ignore(): void {
  // Of a connection that is closed.
}
