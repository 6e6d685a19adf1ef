import type { RawStream } from '../protocol/client/raw-stream.js';
import { TtrpcError } from '../protocol/core/errors.js';

/**
 * Waits until a call's messages are sent; gives the error of this side that has kept one from it. The call is given up
 * then: a message that cannot be read, or is above a limit, would leave it open. The call's own errors are its reader's.
 */
export async function sendingFailure(
  stream: RawStream,
  sending: Promise<void>,
): Promise<{ readonly error: unknown } | undefined> {
  try {
    await sending;
    return undefined;
  } catch (error) {
    if (error instanceof TtrpcError && error.limit === undefined) return undefined;
    stream.cancel();
    return { error };
  }
}
