import { messageOf, TtrpcError } from '../protocol/errors.js';
import { decodeMessage, type MessageCodec } from '../protocol/message-codec.js';
import { TtrpcStatus } from '../protocol/status.js';

/** The one request of a unary or server-streaming call. Raises INTERNAL for bytes that are no such message, as Go does. */
export function unaryRequest<T>(codec: MessageCodec<T>, buf: Uint8Array, start: number, end: number): T {
  try {
    return decodeMessage(codec, buf, start, end);
  } catch (error) {
    throw decodeFailure(error);
  }
}

/** The error for a message that does not decode. */
export function decodeFailure(error: unknown): TtrpcError {
  return new TtrpcError(TtrpcStatus.INTERNAL, `error unmarshalling payload: ${messageOf(error)}`, { cause: error });
}
