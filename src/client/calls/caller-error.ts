import { TtrpcException } from '../../common/ttrpc-exception.js';
import { messageOf, TtrpcError } from '../../protocol/core/errors.js';
import { TtrpcStatus } from '../../protocol/core/status.js';

export { describe } from '../../protocol/core/describe.js';

/**
 * What a caller gets for an error of the engine, always a TtrpcException. A signal whose reason is an exception (a
 * handler's `context.signal`) ends its calls with that one; anything but a TtrpcError is about what the caller
 * passed: INVALID_ARGUMENT. `rpc` names the call (`demo.v1.Greeter/SayHello`), where there is one.
 */
export function exceptionOf(error: unknown, rpc?: string): TtrpcException {
  if (error instanceof TtrpcException) return error;
  if (!(error instanceof TtrpcError)) {
    return new TtrpcException(TtrpcStatus.INVALID_ARGUMENT, messageOf(error), [], { cause: error, rpc });
  }
  if (error.code === TtrpcStatus.CANCELLED && error.cause instanceof TtrpcException) return error.cause;
  return TtrpcException.from(error, rpc);
}

/** INVALID_ARGUMENT with this text, for a call that was not made. */
export function badArgument(message: string): TtrpcException {
  return new TtrpcException(TtrpcStatus.INVALID_ARGUMENT, message);
}

/** INVALID_ARGUMENT with this text, for an argument of a call: {@link exceptionOf} adds which one. */
export function badCall(message: string): TtrpcError {
  return new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, message, { unsent: true });
}
