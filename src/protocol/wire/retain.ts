import { copyBytes } from './wire.js';

/**
 * A view of received bytes is kept, rather than a copy, when the memory it keeps alive is at most this many times as large.
 * Limits count only the bytes, so the memory held may exceed them by this factor.
 */
export const MAX_KEPT_RATIO = 2;

/** True when `length` bytes of `buf` may be kept as a view: they keep no more alive than {@link MAX_KEPT_RATIO} allows. */
export function mayKeep(buf: Uint8Array, length: number): boolean {
  const reach = length * MAX_KEPT_RATIO;
  // `buffer` is read last: it calls into V8's runtime.
  return reach >= buf.length && reach >= buf.buffer.byteLength;
}

/**
 * Bytes of a frame to keep: a view of `buf`, or a copy where a view would keep too much memory alive, so that one small field
 * does not hold a whole read chunk.
 */
export function retain(buf: Uint8Array, start: number, end: number): Uint8Array {
  return mayKeep(buf, end - start) ? buf.subarray(start, end) : copyBytes(buf, start, end);
}
