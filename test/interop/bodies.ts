import type { Sums } from './peer.js';

const PERIOD = 251;
// A global of Jest's own realm is slow to reach, and this is called for each byte.
const { imul } = Math;
// Some periods and one more, so that any body is a few copies.
const PATTERN = Uint8Array.from({ length: 65 * PERIOD }, (_, index) => index % PERIOD);

/** The body of `size` bytes that belongs to `seq`: byte i is (seq + i) % 251. */
export function pattern(seq: number, size: number): Uint8Array {
  const made = new Uint8Array(size);
  const start = seq % PERIOD;
  for (let at = 0; at < size; at += 64 * PERIOD) {
    made.set(PATTERN.subarray(start, start + Math.min(64 * PERIOD, size - at)), at);
  }
  return made;
}

/** True when `body` is the pattern of `seq`. */
export function isPattern(seq: number, body: Uint8Array): boolean {
  let expected = seq % PERIOD;
  for (const value of body) {
    if (value !== expected) return false;
    if (++expected === PERIOD) expected = 0;
  }
  return true;
}

/** Adds messages up, in their order (see {@link Sums}). */
export class Sum {
  #count = 0;
  #totalBytes = 0;
  #hash = 0x811c9dc5;

  /** Takes one more message into account. */
  add(seq: number, body: Uint8Array): this {
    let hash = this.#hash;
    let rest = seq;
    for (let byte = 0; byte < 8; byte++) {
      hash = imul(hash ^ (rest % 256), 0x01000193);
      rest = Math.floor(rest / 256);
    }
    for (const value of body) hash = imul(hash ^ value, 0x01000193);
    this.#hash = hash;
    this.#count++;
    this.#totalBytes += body.length;
    return this;
  }

  get sums(): Sums {
    return { count: this.#count, totalBytes: this.#totalBytes, checksum: this.#hash >>> 0 };
  }
}

/** The sums of no messages. */
export const NO_MESSAGES: Sums = new Sum().sums;
