/** Size in bytes of the buffers into which frames are encoded. */
export const ARENA_BYTES = 64 * 1024;

/** More spare buffers than this are left to the garbage collector. */
const MAX_SPARE = 8;

const spare: Uint8Array[] = [];

/**
 * A buffer of {@link ARENA_BYTES} for the frames of one turn. Connections share these, so that an idle one holds none.
 */
export function takeArena(): Uint8Array {
  return spare.pop() ?? Buffer.allocUnsafeSlow(ARENA_BYTES);
}

/** Gives a buffer back. Only when nobody reads it any more: the next taker overwrites it. */
export function returnArena(arena: Uint8Array): void {
  if (arena.length === ARENA_BYTES && spare.length < MAX_SPARE) spare.push(arena);
}
