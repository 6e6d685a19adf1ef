import type { OnReadOpts, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { copyBytes } from '../wire/wire.js';
import { MAX_KEPT_RATIO } from '../wire/retain.js';

/** The most that one read into the shared buffer takes, in bytes. */
const READ_BYTES = 64 * 1024;

/** Who gets what a Duplex reads. */
export interface ReadTarget {
  /** The next bytes, `buf[0, end)`. They are valid only during the call. */
  push(buf: Uint8Array, end: number): void;
  /** Memory for the next bytes, where it is better to read straight into it. It stays the target's. */
  space(): Uint8Array | undefined;
  /** The next `bytes` bytes: they were read into what {@link space} returned last. */
  filled(bytes: number): void;
}

const readsOf = new WeakMap<Duplex, SharedReads>();

/**
 * The buffer that all sockets of a thread share: each read is processed before the next one. On Windows a socket holds its
 * buffer while it waits for bytes, so there each has its own.
 */
let shared: Uint8Array | undefined;

/**
 * The option `onread` of one socket that reads into the shared buffer, or into memory of its target. Without it Node
 * allocates 64 KiB for each read, which the garbage collector counts: with messages of a few KiB that alone makes it mark
 * the whole heap many times a second.
 */
export class SharedReads implements OnReadOpts {
  #socket: Socket | undefined;
  /** Undefined until there is a listener. */
  #target: ReadTarget | undefined;
  readonly #own = process.platform === 'win32' ? readBuffer() : (shared ??= readBuffer());

  /** `socket` was made with this option. */
  adopt(socket: Socket): void {
    this.#socket = socket;
    readsOf.set(socket, this);
  }

  /** What is read from now on goes to `target`. */
  passTo(target: ReadTarget): void {
    this.#target = target;
  }

  /** As Node wants it: called for the buffer of each read, after the one before has been processed. */
  readonly buffer = (): Uint8Array => this.#target?.space() ?? this.#own;

  /** As Node wants it. */
  readonly callback = (bytes: number, buf: Uint8Array): boolean => {
    const target = this.#target;
    if (target === undefined) return this.#hold(bytes);
    try {
      if (buf === this.#own) target.push(buf, bytes);
      else target.filled(bytes);
    } catch (error) {
      // Thrown here, it would keep Node from asking for the next buffer, and the next read would go into a message that
      // was passed on.
      process.nextTick(rethrow, error);
    }
    return true;
  };

  /** Before there is a target, a socket keeps what it has read, as any stream: up to its high-water mark. */
  #hold(bytes: number): boolean {
    this.#socket?.push(copyBytes(this.#own, 0, bytes));
    return false;
  }
}

/** Passes what `duplex` reads, once it is resumed, to `target` until the returned function is called. */
export function listenToReads(duplex: Duplex, target: ReadTarget): () => void {
  const reads = readsOf.get(duplex);
  const onData = (chunk: Uint8Array): void => target.push(chunk, chunk.length);
  reads?.passTo(target);
  const held = !reads || duplex.readableLength > 0;
  if (held) duplex.on('data', onData);
  return () => {
    reads?.passTo(NOBODY);
    if (held) duplex.off('data', onData);
  };
}

/** The target of a connection that is closed. */
const NOBODY: ReadTarget = { push: ignore, space: () => undefined, filled: ignore };

/** Its memory is more than {@link MAX_KEPT_RATIO} times as large (the rest is never touched), so whatever is kept of it is copied. */
function readBuffer(): Uint8Array {
  return Buffer.allocUnsafeSlow(MAX_KEPT_RATIO * READ_BYTES + 1).subarray(0, READ_BYTES);
}

function rethrow(error: unknown): void {
  throw error;
}

function ignore(): void {
  // The connection is closed.
}
