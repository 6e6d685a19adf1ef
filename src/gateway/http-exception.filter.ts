import { Catch, Logger, Optional, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';
import { TtrpcException } from '../common/ttrpc-exception.js';
import { unknownOptions } from '../protocol/core/option-names.js';
import { statusName, TtrpcStatus } from '../protocol/core/status.js';

/** google/rpc/code.proto, "HTTP Mapping". */
const HTTP_STATUS_BY_CODE: Readonly<Record<number, number>> = {
  [TtrpcStatus.CANCELLED]: 499,
  [TtrpcStatus.UNKNOWN]: 500,
  [TtrpcStatus.INVALID_ARGUMENT]: 400,
  [TtrpcStatus.DEADLINE_EXCEEDED]: 504,
  [TtrpcStatus.NOT_FOUND]: 404,
  [TtrpcStatus.ALREADY_EXISTS]: 409,
  [TtrpcStatus.PERMISSION_DENIED]: 403,
  [TtrpcStatus.RESOURCE_EXHAUSTED]: 429,
  [TtrpcStatus.FAILED_PRECONDITION]: 400,
  [TtrpcStatus.ABORTED]: 409,
  [TtrpcStatus.OUT_OF_RANGE]: 400,
  [TtrpcStatus.UNIMPLEMENTED]: 501,
  [TtrpcStatus.INTERNAL]: 500,
  [TtrpcStatus.UNAVAILABLE]: 503,
  [TtrpcStatus.DATA_LOSS]: 500,
  [TtrpcStatus.UNAUTHENTICATED]: 401,
};

/** What the client of the gateway reads in place of the message of a status from 500 on. */
const HIDDEN_MESSAGES: Readonly<Record<number, string>> = {
  500: 'Internal server error',
  501: 'Not implemented',
  503: 'Service unavailable',
  504: 'Gateway timeout',
};

/** Options of {@link TtrpcToHttpExceptionFilter}. */
export interface TtrpcToHttpOptions {
  /**
   * True, for development: the HTTP client reads the message of every status. Default false: for a status from 500 on it
   * reads a fixed text, since the message may name sockets and hosts of the inside, and the message goes to the log.
   */
  exposeErrors?: boolean | undefined;
}

/** What is used of the responses of Express and Fastify. */
interface HttpReply {
  status(code: number): unknown;
  json?(body: object): unknown;
  send?(body: object): unknown;
  readonly headersSent?: boolean;
  readonly sent?: boolean;
  /** Fastify's reply has Node's response here. */
  readonly raw?: { destroy(): unknown; readonly headersSent?: boolean };
  /** Fastify: nothing more is sent for the handler. */
  hijack?(): unknown;
  destroy?(): unknown;
}

/** The HTTP status for a code, by google.rpc's table: NOT_FOUND is 404, UNAVAILABLE 503. 500 for an unknown code. */
export function httpStatusOf(code: number): number {
  return HTTP_STATUS_BY_CODE[code] ?? 500;
}

/**
 * For HTTP controllers that call a ttrpc service: a TtrpcException becomes a response with the status of
 * {@link httpStatusOf} and the body `{ statusCode, message, error: 'NOT_FOUND' }`. For Express and Fastify, as
 * `@UseFilters(TtrpcToHttpExceptionFilter)` or `app.useGlobalFilters(new TtrpcToHttpExceptionFilter())`. In handlers of
 * other transports it changes nothing.
 */
@Catch(TtrpcException)
export class TtrpcToHttpExceptionFilter implements ExceptionFilter<TtrpcException> {
  readonly #logger = new Logger('TtrpcToHttpExceptionFilter');
  readonly #exposeErrors: boolean;

  // Nest makes the filter without options in @UseFilters(TtrpcToHttpExceptionFilter).
  constructor(@Optional() options?: TtrpcToHttpOptions) {
    const [misspelt] = unknownOptions('TtrpcToHttpExceptionFilter', options, { exposeErrors: true });
    if (misspelt !== undefined) throw new TypeError(misspelt);
    this.#exposeErrors = options?.exposeErrors === true;
  }

  catch(exception: TtrpcException, host: ArgumentsHost): Observable<never> | undefined {
    if (host.getType() !== 'http') return throwError(() => exception);
    const reply = host.switchToHttp().getResponse<HttpReply>();
    const statusCode = httpStatusOf(exception.code);
    const isHidden = statusCode >= 500 && !this.#exposeErrors;
    if (isHidden) this.#logger.error(String(exception));
    if (reply.headersSent === true || reply.sent === true || reply.raw?.headersSent === true) {
      // The response has begun: only its end can say that it failed.
      reply.hijack?.();
      if (reply.raw) reply.raw.destroy();
      else reply.destroy?.();
      return undefined;
    }
    const message = (isHidden ? HIDDEN_MESSAGES[statusCode] : undefined) ?? exception.message;
    const body = { statusCode, message, error: statusName(exception.code) };
    reply.status(statusCode);
    if (reply.json) reply.json(body);
    else reply.send?.(body);
    return undefined;
  }
}
