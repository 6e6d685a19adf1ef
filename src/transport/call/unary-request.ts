import { messageOf, TtrpcError } from '../../protocol/core/errors.js';
import type { MessageCodec } from '../../protocol/wire/message-codec.js';
import type { ServerCall } from '../../protocol/server/server-call.js';
import { TtrpcStatus } from '../../protocol/core/status.js';

/**
 * The one request of a unary or server-streaming call. Raises INTERNAL for bytes that are no such message, as Go does, and
 * RESOURCE_EXHAUSTED for one that takes too much memory.
 */
export function unaryRequest<T>(
  call: ServerCall,
  codec: MessageCodec<T>,
  buf: Uint8Array,
  start: number,
  end: number,
): T {
  try {
    return call.decodeRequest(codec, buf, start, end);
  } catch (error) {
    throw decodeFailure(error);
  }
}

/** The error for a message that does not decode: a limit's own, else INTERNAL. */
export function decodeFailure(error: unknown): TtrpcError {
  if (error instanceof TtrpcError && error.limit !== undefined) return error;
  return new TtrpcError(TtrpcStatus.INTERNAL, `error unmarshalling payload: ${messageOf(error)}`, { cause: error });
}
