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

/** Returns a buffer to the pool. It must not be read after that: its next user overwrites it. */
export function returnArena(arena: Uint8Array): void {
  if (arena.length === ARENA_BYTES && spare.length < MAX_SPARE) spare.push(arena);
}
