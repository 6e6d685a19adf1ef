import { messageOf, readProperty, stackOf } from './describe-error.js';
import { errorCode, statusName, TtrpcStatus, type StatusDetail } from './status.js';

export { messageOf } from './describe-error.js';

/** Marks the errors of every copy of this library (ESM, CommonJS, two versions), so that `instanceof` holds across them. */
const BRAND = Symbol.for('nestjs-ttrpc.error');

/** What a {@link TtrpcError} may have beside its code and message. */
export interface TtrpcErrorOptions {
  details?: readonly StatusDetail[] | undefined;
  cause?: unknown;
  unsent?: boolean;
  limit?: string;
}

/** The error of the engine: a status code with a message, and the details that the peer sent, if any. */
export class TtrpcError extends Error {
  override readonly name: string = 'TtrpcError';
  /** 1 to 16. */
  readonly code: TtrpcStatus;
  /** The number that the peer sent, or that was given: it is another one than `code` where that became UNKNOWN. */
  readonly rawCode: number;
  /** The messages that came with the status; empty as a rule. */
  readonly details: readonly StatusDetail[];
  /**
   * True when no byte of the call was handed to a socket: it cannot have been executed, so it is safe to retry.
   */
  readonly unsent: boolean;
  /** The name of the option whose limit was exceeded on this side (`maxMessageBytes`), where that is why. */
  readonly limit: string | undefined;

  /** Codes outside 1 to 16 become UNKNOWN. */
  constructor(code: number, message: string, options: TtrpcErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = errorCode(code);
    this.rawCode = code;
    this.details = options.details ?? [];
    this.unsent = options.unsent ?? false;
    this.limit = options.limit;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** `error` itself when it is a TtrpcError, else INTERNAL with its message and `error` as cause. */
  static from(error: unknown): TtrpcError {
    return error instanceof TtrpcError
      ? error
      : new TtrpcError(TtrpcStatus.INTERNAL, messageOf(error), { cause: error });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return (
      readProperty(value, BRAND) === true &&
      (this === TtrpcError || Function.prototype[Symbol.hasInstance].call(this, value))
    );
  }

  override toString(): string {
    return `${this.name}: ${statusName(this.code)}: ${this.message}`;
  }
}

/** The option that decides how much callers learn of internal errors. */
export interface ErrorExposure {
  /**
   * True: callers get the message and the stack of an error that a handler did not mean to send, for development.
   * Default false: they get a fixed text, and the error goes to the log.
   */
  exposeErrors?: boolean | undefined;
}

/** What a caller reads of an error that was not meant for callers: `hiddenText`, or everything where errors are exposed. */
export function internalText(error: unknown, hiddenText: string, exposeErrors: boolean | undefined): string {
  if (exposeErrors !== true) return hiddenText;
  return stackOf(error) ?? messageOf(error);
}
