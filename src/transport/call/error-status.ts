import { internalText, TtrpcError } from '../../protocol/core/errors.js';
import { TtrpcStatus, type StatusDetail, type StatusObject } from '../../protocol/core/status.js';

/** What Nest throws when a guard refuses: an RpcException with this text and nothing else to know it by. */
const FORBIDDEN = 'Forbidden resource';

/** What a caller reads of an error that was not meant for it. */
const HIDDEN_MESSAGE = 'Internal server error';

const CODE_BY_HTTP_STATUS = new Map<number, TtrpcStatus>([
  [400, TtrpcStatus.INVALID_ARGUMENT],
  [401, TtrpcStatus.UNAUTHENTICATED],
  [403, TtrpcStatus.PERMISSION_DENIED],
  [404, TtrpcStatus.NOT_FOUND],
  [409, TtrpcStatus.ABORTED],
  [429, TtrpcStatus.RESOURCE_EXHAUSTED],
  [503, TtrpcStatus.UNAVAILABLE],
  [504, TtrpcStatus.DEADLINE_EXCEEDED],
]);

/** A status, and whether it stands for an error that was not meant to be sent. */
export interface MappedError {
  readonly status: StatusObject;
  /** True: only a log says what happened. */
  readonly hidden: boolean;
  /** How many details of the error are no packed messages: they are not sent. */
  readonly unpacked: number;
}

/**
 * The status for whatever a handler, guard, pipe, interceptor or filter throws (docs/errors.md). It looks at
 * shapes, not classes: Nest's filters turn exceptions into plain objects, and errors come from other realms.
 * `exposeErrors` puts what is hidden from callers into the message.
 */
export function mapError(error: unknown, exposeErrors = false): MappedError {
  const mapped = safeMap(error);
  if (!mapped.hidden) return mapped;
  return { ...mapped, status: { ...mapped.status, message: internalText(error, HIDDEN_MESSAGE, exposeErrors) } };
}

/** What is thrown may throw itself when it is looked at; then nothing of it is for the caller. */
function safeMap(error: unknown): MappedError {
  try {
    return map(error);
  } catch {
    return hidden();
  }
}

function map(error: unknown): MappedError {
  if (typeof error !== 'object' || error === null) return hidden();
  if (error instanceof TtrpcError) return shown(error.code, error.message, error.details);
  const shape = error as ErrorShape;
  if (typeof shape.getStatus === 'function' && typeof shape.getResponse === 'function') return mapHttp(shape);
  // RpcException and its kin; what getError() gives is what Nest's own filter would throw.
  if (typeof shape.getError === 'function') return mapRpc(shape.getError());
  return isPlain(error) ? mapRpc(error) : hidden();
}

interface ErrorShape {
  getError?: () => unknown;
  getStatus?: () => unknown;
  getResponse?: () => unknown;
  code?: unknown;
  status?: unknown;
  message?: unknown;
  details?: unknown;
}

function mapRpc(error: unknown): MappedError {
  if (typeof error === 'string') {
    return shown(error === FORBIDDEN ? TtrpcStatus.PERMISSION_DENIED : TtrpcStatus.UNKNOWN, error);
  }
  if (typeof error !== 'object' || error === null) return hidden();
  const { code, status, message, details } = error as ErrorShape;
  // grpc-js takes the text from `details` where it is one.
  const text = typeof details === 'string' ? details : typeof message === 'string' ? message : '';
  if (typeof code === 'number') {
    const list = Array.isArray(details) ? (details as unknown[]) : [];
    const packed = list.filter(isStatusDetail);
    return { ...shown(code, text, packed), unpacked: list.length - packed.length };
  }
  // The plain object of Nest's base filter: of an RpcException with a text, or of an error that it has hidden.
  if (status === 'error' && text !== HIDDEN_MESSAGE) return mapRpc(text);
  return typeof message === 'string' && status === undefined ? shown(TtrpcStatus.UNKNOWN, text) : hidden();
}

function mapHttp(exception: ErrorShape): MappedError {
  const status = Number(exception.getStatus?.());
  return shown(CODE_BY_HTTP_STATUS.get(status) ?? TtrpcStatus.UNKNOWN, httpMessage(exception));
}

/** The text of an HttpException: ValidationPipe's is a list in its response. */
function httpMessage(exception: ErrorShape): string {
  const response = exception.getResponse?.();
  const message = typeof response === 'object' && response !== null ? (response as ErrorShape).message : response;
  if (Array.isArray(message)) return message.map(String).join('; ');
  if (typeof message === 'string') return message;
  return typeof exception.message === 'string' ? exception.message : '';
}

function isStatusDetail(detail: unknown): detail is StatusDetail {
  if (typeof detail !== 'object' || detail === null) return false;
  const { typeUrl, value } = detail as StatusDetail;
  return typeof typeUrl === 'string' && ArrayBuffer.isView(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object of another realm has another Object.prototype, with none above it as well.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function shown(code: number, message: string, details?: readonly StatusDetail[]): MappedError {
  return { status: { code, message, details }, hidden: false, unpacked: 0 };
}

function hidden(): MappedError {
  return { status: { code: TtrpcStatus.UNKNOWN, message: HIDDEN_MESSAGE }, hidden: true, unpacked: 0 };
}
