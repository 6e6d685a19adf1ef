import type { TtrpcException } from '../common/ttrpc-exception.js';
import { readProperty } from '../protocol/core/describe-error.js';
import { statusName, TtrpcStatus, type StatusObject } from '../protocol/core/status.js';
import { TtrpcGrpcMetadata } from './grpc-metadata.js';

/**
 * What a {@link TtrpcGrpcClient} gives for a call that fails: it has the properties of grpc-js's `ServiceError`. Its `cause`
 * is the TtrpcException, with the details of google.rpc.Status.
 */
export class TtrpcServiceError extends Error {
  /** 1 to 16, as in gRPC. */
  readonly code: TtrpcStatus;
  /** The text of the status. `message` is that behind code and name: `5 NOT_FOUND: no such hero`. */
  readonly details: string;
  /** Empty: ttrpc has no trailers. */
  readonly metadata = new TtrpcGrpcMetadata();

  /** The error for an exception of the client. */
  constructor(exception: TtrpcException) {
    super(`${exception.code} ${statusName(exception.code)}: ${exception.message}`, { cause: exception });
    this.name = 'TtrpcServiceError';
    this.code = exception.code;
    this.details = exception.message;
  }
}

/** The status of what a handler gives to a callback or to `emit('error')`, by the rules of grpc-js. */
export function statusOfError(error: unknown): StatusObject {
  const code = readProperty(error, 'code');
  const message = readProperty(error, 'message');
  const details = readProperty(error, 'details');
  return {
    code: Number.isInteger(code) ? (code as number) : TtrpcStatus.UNKNOWN,
    message: typeof details === 'string' ? details : typeof message === 'string' ? message : 'Unknown Error',
  };
}
