import { returnBody, takeBody } from './body-pool.js';

/** The size of the buffers into which frames are encoded, in bytes. */
export const ARENA_BYTES = 64 * 1024;

/** The most spare buffers to keep; the garbage collector gets the rest. */
const MAX_SPARE = 8;

const spare: Uint8Array[] = [];

/**
 * A buffer of {@link ARENA_BYTES} for the frames of one turn. Connections share these, so that an idle one holds none.
 */
export function takeArena(): Uint8Array {
  return spare.pop() ?? Buffer.allocUnsafeSlow(ARENA_BYTES);
}

/** Those made by {@link growArena}: a codec may have put a buffer of its own in their place. */
const grown = new WeakSet<Uint8Array>();

/** A larger buffer, of `bytes`, for frames that do not fit; it has the first `used` bytes of `arena`. */
export function growArena(arena: Uint8Array, used: number, bytes: number): Uint8Array {
  const larger = takeBody(bytes);
  larger.set(arena.subarray(0, used));
  grown.add(larger);
  return larger;
}

/** Returns a buffer to the pool. It must not be read after that: its next user overwrites it. */
export function returnArena(arena: Uint8Array): void {
  if (grown.delete(arena)) returnBody(arena as Buffer);
  else if (arena.length === ARENA_BYTES && spare.length < MAX_SPARE) spare.push(arena);
}
