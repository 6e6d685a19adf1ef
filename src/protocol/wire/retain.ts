import { copyBytes } from './wire.js';

/**
 * A view of received bytes is kept, rather than a copy, when the memory it keeps alive is at most this many times as large.
 * Limits count only the bytes, so the memory held may exceed them by this factor.
 */
export const MAX_KEPT_RATIO = 2;

/** The body of the frame that is being passed on, while nobody has kept a view of it. */
let lent: Uint8Array | undefined;

/**
 * A codec with this mark keeps nothing of what `decodeFrom` reads but by {@link mayKeep} and {@link retain}, so that the
 * body of a frame is free again when they have kept nothing. A symbol of each copy of the library: another copy's codec
 * tells that other copy what it keeps.
 */
export const KEEPS_BY_RETAIN = Symbol('keepsByRetain');

/** Begins to watch whether a view of `body`, the buffer of one frame, is kept. */
export function lend(body: Uint8Array): void {
  lent = body;
}

/** True when nobody has kept a view of `body` since it was lent: its memory may be used again. */
export function reclaim(body: Uint8Array): boolean {
  // Another frame that was passed on meanwhile, by a handler that writes into a stream in this process, is no proof.
  const free = lent === body;
  lent = undefined;
  return free;
}

/** `codec` is about to read a frame: unless it has the mark, nothing is known of what it keeps. */
export function watchCodec(codec: object): void {
  if (lent !== undefined && (codec as { [KEEPS_BY_RETAIN]?: true })[KEEPS_BY_RETAIN] !== true) lent = undefined;
}

/**
 * True when `length` bytes of `buf` may be kept as a view: they keep no more alive than {@link MAX_KEPT_RATIO} allows.
 * Whoever asks keeps one then.
 */
export function mayKeep(buf: Uint8Array, length: number): boolean {
  const reach = length * MAX_KEPT_RATIO;
  // `buffer` is read last: it calls into V8's runtime.
  const may = reach >= buf.length && reach >= buf.buffer.byteLength;
  if (may) lent = undefined;
  return may;
}

/**
 * Bytes of a frame to keep: a view of `buf`, or a copy where a view would keep too much memory alive, so that one small field
 * does not hold a whole read chunk.
 */
export function retain(buf: Uint8Array, start: number, end: number): Uint8Array {
  return mayKeep(buf, end - start) ? buf.subarray(start, end) : copyBytes(buf, start, end);
}
