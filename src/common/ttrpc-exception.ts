import { RpcException } from '@nestjs/microservices';
import { readProperty } from '../protocol/core/describe-error.js';
import { TtrpcError } from '../protocol/core/errors.js';
import { errorCode, statusName, type StatusDetail, type StatusObject, TtrpcStatus } from '../protocol/core/status.js';

/** Marks the exceptions of every copy of this library (ESM, CommonJS, two versions), so that `instanceof` holds across them. */
const BRAND = Symbol.for('nestjs-ttrpc.exception');

/**
 * The one exception of both sides: what a handler throws to end its call with a status, and what a caller gets.
 * As an RpcException it passes Nest's filters as it is.
 */
export class TtrpcException extends RpcException {
  /** 1 to 16; see {@link TtrpcStatus}. */
  readonly code: TtrpcStatus;
  /** The messages that go with the status; empty as a rule. Made and read by `pack` and `unpack`. */
  readonly details: readonly StatusDetail[];
  /** The call that failed, as its client names it: `demo.v1.Greeter/SayHello`. Stays on this side. */
  declare readonly rpc?: string;
  /** Why the client's `retry` has not made the call again, where its codes include that of the failure. Stays on this side. */
  declare readonly notRetried?: string;

  /** Codes outside 1 to 16 become UNKNOWN. `cause`, `rpc` and `notRetried` stay on this side. */
  constructor(
    code: number,
    message: string,
    details: readonly StatusDetail[] = [],
    options: { cause?: unknown; rpc?: string | undefined; notRetried?: string | undefined } = {},
  ) {
    super({ code: errorCode(code), message, details });
    this.name = 'TtrpcException';
    this.code = errorCode(code);
    this.details = details;
    if (options.cause !== undefined) this.cause = options.cause;
    if (options.rpc !== undefined) this.rpc = options.rpc;
    if (options.notRetried !== undefined) this.notRetried = options.notRetried;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** The exception for an engine's error or a status, of the call `rpc`; an exception is returned as it is. */
  static from(error: TtrpcException | StatusObject, rpc?: string): TtrpcException {
    if (error instanceof TtrpcException) return error;
    const cause = error instanceof TtrpcError ? (error.cause ?? error) : undefined;
    return new TtrpcException(error.code, error.message, error.details, { cause, rpc });
  }

  /** CANCELLED: the caller has cancelled. */
  static cancelled(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.CANCELLED, message, details);
  }

  /** UNKNOWN: an error of which no more is known. */
  static unknown(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.UNKNOWN, message, details);
  }

  /** INVALID_ARGUMENT: the request is wrong, whatever the state of the system. */
  static invalidArgument(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.INVALID_ARGUMENT, message, details);
  }

  /** DEADLINE_EXCEEDED: the time was over. */
  static deadlineExceeded(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.DEADLINE_EXCEEDED, message, details);
  }

  /** NOT_FOUND: what was asked for does not exist. */
  static notFound(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.NOT_FOUND, message, details);
  }

  /** ALREADY_EXISTS: what was to be made exists. */
  static alreadyExists(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.ALREADY_EXISTS, message, details);
  }

  /** PERMISSION_DENIED: the caller is known and may not. */
  static permissionDenied(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.PERMISSION_DENIED, message, details);
  }

  /** RESOURCE_EXHAUSTED: a quota or a limit is exceeded. */
  static resourceExhausted(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.RESOURCE_EXHAUSTED, message, details);
  }

  /** FAILED_PRECONDITION: the system is not in the state that this takes. */
  static failedPrecondition(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.FAILED_PRECONDITION, message, details);
  }

  /** ABORTED: a conflict; the caller may begin again. */
  static aborted(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.ABORTED, message, details);
  }

  /** OUT_OF_RANGE: past the valid range. */
  static outOfRange(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.OUT_OF_RANGE, message, details);
  }

  /** UNIMPLEMENTED: this server has no such thing. */
  static unimplemented(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.UNIMPLEMENTED, message, details);
  }

  /** INTERNAL: something that must not happen has happened. */
  static internal(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.INTERNAL, message, details);
  }

  /** UNAVAILABLE: not now; the caller may try again. */
  static unavailable(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.UNAVAILABLE, message, details);
  }

  /** DATA_LOSS: data is lost or corrupted. */
  static dataLoss(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.DATA_LOSS, message, details);
  }

  /** UNAUTHENTICATED: the caller is not known. */
  static unauthenticated(message: string, details?: readonly StatusDetail[]): TtrpcException {
    return new TtrpcException(TtrpcStatus.UNAUTHENTICATED, message, details);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return (
      readProperty(value, BRAND) === true &&
      (this === TtrpcException || Function.prototype[Symbol.hasInstance].call(this, value))
    );
  }

  override toString(): string {
    const text = `${this.name}: ${statusName(this.code)}: ${this.message}`;
    if (this.rpc === undefined) return text;
    return `${text} (${this.rpc}${this.notRetried === undefined ? '' : `; not retried: ${this.notRetried}`})`;
  }
}
