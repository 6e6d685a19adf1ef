import { limit } from '../core/limit.js';
import { MAX_MESSAGE_BYTES } from './frame.js';

/**
 * Checks `maxMessageBytes`; undefined gives the default, the protocol's 4 MiB.
 * @throws {RangeError} when it is not a positive integer up to 4 MiB.
 */
export function messageLimit(value: number | undefined): number {
  const bytes = limit({ maxMessageBytes: value }, 'maxMessageBytes', MAX_MESSAGE_BYTES);
  if (bytes > MAX_MESSAGE_BYTES) {
    throw new RangeError(`maxMessageBytes: expected at most ${MAX_MESSAGE_BYTES} (the protocol's limit), got ${bytes}`);
  }
  return bytes;
}
