import { copyBytes } from './wire.js';

/**
 * Bytes are kept where they stand when the memory that they keep alive is at most so many times as large. Limits count the
 * bytes alone, so this is how far what is held may exceed them.
 */
export const MAX_KEPT_RATIO = 2;

/** True when `length` bytes of `buf` may be kept as a view: they keep no more alive than {@link MAX_KEPT_RATIO} allows. */
export function mayKeep(buf: Uint8Array, length: number): boolean {
  const reach = length * MAX_KEPT_RATIO;
  // The memory is asked for only where it can matter: that is a call into V8's runtime.
  return reach >= buf.length && reach >= buf.buffer.byteLength;
}

/**
 * Bytes of a frame that may be kept: a view of `buf`, or a copy where that would keep too much memory alive, so that one
 * small field does not hold a whole read chunk.
 */
export function retain(buf: Uint8Array, start: number, end: number): Uint8Array {
  return mayKeep(buf, end - start) ? buf.subarray(start, end) : copyBytes(buf, start, end);
}
