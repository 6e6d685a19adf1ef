import { TtrpcException } from '../../common/ttrpc-exception.js';
import { messageOf, TtrpcError } from '../../protocol/core/errors.js';
import { TtrpcStatus } from '../../protocol/core/status.js';

/**
 * What `listen()` of a server rejects with: always a TtrpcException, with the message of `error`. The engine's errors keep
 * their code (FAILED_PRECONDITION for an address that cannot be bound, INVALID_ARGUMENT for an invalid one); anything else
 * that is wrong with the schema or the handlers is INVALID_ARGUMENT with the error itself as its cause.
 */
export function startupError(error: unknown): TtrpcException {
  if (error instanceof TtrpcException || error instanceof TtrpcError) return TtrpcException.from(error);
  return new TtrpcException(TtrpcStatus.INVALID_ARGUMENT, messageOf(error), [], { cause: error });
}

/** FAILED_PRECONDITION for a server that cannot listen again. */
export function cannotListen(message: string): TtrpcException {
  return new TtrpcException(TtrpcStatus.FAILED_PRECONDITION, message);
}
