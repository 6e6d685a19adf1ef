import { messageOf, TtrpcError } from '../core/errors.js';
import { TtrpcStatus } from '../core/status.js';

/** The error of a call whose deadline has passed; `connectError` is why the last attempt to connect failed, if the call waited for a connection. */
export function deadlineError(connectError?: TtrpcError, cause: TtrpcError | undefined = connectError): TtrpcError {
  const why = connectError && ` while it waited for a connection; the last attempt failed: ${connectError.message}`;
  return new TtrpcError(TtrpcStatus.DEADLINE_EXCEEDED, `the deadline of the call has passed${why ?? ''}`, { cause });
}

/** The error of a call that its caller has cancelled. */
export function cancelledError(): TtrpcError {
  return new TtrpcError(TtrpcStatus.CANCELLED, 'the call was cancelled by its caller');
}

/** The error of a call whose message is not sent: what a codec throws is about what the caller passed. */
export function requestError(error: unknown): TtrpcError {
  if (error instanceof TtrpcError) return error;
  return new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, messageOf(error), { cause: error });
}

/** The error of a call whose response was received and could not be read. */
export function decodeError(error: unknown): TtrpcError {
  if (error instanceof TtrpcError) return error;
  return new TtrpcError(TtrpcStatus.INTERNAL, `the response does not decode: ${messageOf(error)}`, { cause: error });
}
