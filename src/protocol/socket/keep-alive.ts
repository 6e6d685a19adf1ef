/** Silence in ms before TCP keep-alive probes a peer: one that vanished would never be noticed otherwise. */
export const KEEP_ALIVE_MS = 15_000;
