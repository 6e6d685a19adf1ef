import type { BackoffOptions } from '../../protocol/client/backoff.js';
import type { TtrpcStatus } from '../../protocol/core/status.js';

/**
 * When a failed call is made again. By default only what cannot have been handled: a call that failed with UNAVAILABLE
 * before it was given to a connection. A call that was sent is made again only where its rpc is idempotent. The deadline
 * counts from the first attempt and spans all of them, with the waits between.
 */
export interface TtrpcRetryOptions {
  /** Attempts in all, with the first one: an integer from 1 (no retry), or Infinity. Default 5. */
  attempts?: number | undefined;
  /** The codes of failures after which there is another attempt. Default: UNAVAILABLE. */
  codes?: readonly TtrpcStatus[] | undefined;
  /** Waits between attempts; a wait also lasts until the client connects again. Default 50 ms × 1.6 up to 5 s. */
  backoff?: BackoffOptions | undefined;
  /**
   * True: a second call does no harm, so a call that was sent may be made again. False: none is. Default: what the .proto
   * file says (`option idempotency_level = NO_SIDE_EFFECTS` or `IDEMPOTENT`).
   */
  idempotent?: boolean | undefined;
}
