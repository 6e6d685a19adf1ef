import { RpcException } from '@nestjs/microservices';
import { readProperty } from '../protocol/core/describe-error.js';
import { TtrpcError } from '../protocol/core/errors.js';
import {
  errorCode,
  statusName,
  type StatusDetail,
  type StatusObject,
  type TtrpcStatus,
} from '../protocol/core/status.js';

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

  /** Codes outside 1 to 16 become UNKNOWN. `cause` and `rpc` stay on this side. */
  constructor(
    code: number,
    message: string,
    details: readonly StatusDetail[] = [],
    options: { cause?: unknown; rpc?: string | undefined } = {},
  ) {
    super({ code: errorCode(code), message, details });
    this.name = 'TtrpcException';
    this.code = errorCode(code);
    this.details = details;
    if (options.cause !== undefined) this.cause = options.cause;
    if (options.rpc !== undefined) this.rpc = options.rpc;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** The exception for an engine's error or a status, of the call `rpc`; an exception is returned as it is. */
  static from(error: TtrpcException | StatusObject, rpc?: string): TtrpcException {
    if (error instanceof TtrpcException) return error;
    const cause = error instanceof TtrpcError ? (error.cause ?? error) : undefined;
    return new TtrpcException(error.code, error.message, error.details, { cause, rpc });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return (
      readProperty(value, BRAND) === true &&
      (this === TtrpcException || Function.prototype[Symbol.hasInstance].call(this, value))
    );
  }

  override toString(): string {
    const text = `${this.name}: ${statusName(this.code)}: ${this.message}`;
    return this.rpc === undefined ? text : `${text} (${this.rpc})`;
  }
}
