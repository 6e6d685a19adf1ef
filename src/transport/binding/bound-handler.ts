import type { MessageCodec } from '../../protocol/wire/message-codec.js';
import type { TtrpcContext } from '../call/ttrpc-context.js';

/** A handler with Nest's pipeline around it: guards, pipes, interceptors and filters run in here. */
export type HandlerCallback = (request: unknown, context: TtrpcContext) => unknown;

/** A handler that serves one rpc. */
export interface BoundHandler {
  /** `GreeterController.sayHello`, for error texts. */
  readonly name: string;
  readonly callback: HandlerCallback;
  readonly request: MessageCodec;
  readonly response: MessageCodec;
  /** True when returning nothing is valid: the response is google.protobuf.Empty. */
  readonly returnsEmpty: boolean;
  /** True: callers see internal errors; see `exposeErrors`. */
  readonly exposeErrors: boolean;
  /** Logs an error whose text the caller does not see. */
  onHiddenError(error: unknown): void;
  /** Logs the message that the caller gets when the handler returns something invalid. */
  onMistake(message: string): void;
  /** Logs an error that comes too late to reach the caller; `what` names what failed. */
  onLateError(what: string, error: unknown): void;
}
