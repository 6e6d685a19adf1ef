import { describe } from '../core/describe.js';
import { internalText, TtrpcError } from '../core/errors.js';
import { messageOf } from '../core/describe-error.js';
import { TtrpcStatus, type StatusObject } from '../core/status.js';
import { bytesCodec } from '../wire/message-codec.js';
import { ReceiveQueue } from '../connection/receive-queue.js';
import type { RawContext } from './call-context.js';
import { HandlerRun, type HandlerCodecs } from './handler-run.js';
import type { ServerCall, ServerMethod } from './server-call.js';

/**
 * A handler with one request, or an iterator of them. It responds with bytes, or for a server-streaming or bidi method
 * with an iterable of bytes, or with a promise of one.
 */
export type RawHandle<Request, Response> = (request: Request, context: RawContext) => Response;

/** A method of {@link RawServices}: a function for a unary one, else its shape and its handler. */
export type RawMethod =
  | RawHandle<Uint8Array, Uint8Array | Promise<Uint8Array>>
  | { shape: 'unary'; handle: RawHandle<Uint8Array, Uint8Array | Promise<Uint8Array>> }
  | {
      shape: 'server-streaming';
      handle: RawHandle<Uint8Array, AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>>;
    }
  | {
      shape: 'client-streaming';
      handle: RawHandle<AsyncIterableIterator<Uint8Array, undefined>, Uint8Array | Promise<Uint8Array>>;
    }
  | {
      shape: 'bidi';
      handle: RawHandle<
        AsyncIterableIterator<Uint8Array, undefined>,
        AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>
      >;
    };

/** What {@link serve} serves: methods by service name and method name. */
export type RawServices = Readonly<Record<string, Readonly<Record<string, RawMethod>>>>;

/** A handler of the engine with the codecs of its messages. */
export interface EngineHandler<Request, Response> extends HandlerCodecs<Request, Response> {
  // The shape decides what the handler takes and gives; the union's members agree with it by their types.
  readonly handle: RawHandle<unknown, unknown>;
  readonly exposeErrors: boolean | undefined;
}

/** The method of a raw handler; see `ErrorExposure`. */
export function rawMethod(service: string, name: string, method: RawMethod, exposeErrors?: boolean): ServerMethod {
  const { shape, handle } = typeof method === 'function' ? { shape: 'unary' as const, handle: method } : method;
  const bound: EngineHandler<Uint8Array, Uint8Array> = {
    request: bytesCodec,
    response: bytesCodec,
    handle: handle as RawHandle<unknown, unknown>,
    exposeErrors,
  };
  const open = (call: ServerCall) => new EngineCall(call, bound);
  return { service, method: name, shape, open, sample: (call) => open(call).parts() };
}

/** One call of a handler without Nest, which gets it as its context. */
export class EngineCall<Request, Response> extends HandlerRun<Request, Response> {
  constructor(
    call: ServerCall,
    protected readonly handler: EngineHandler<Request, Response>,
  ) {
    super(call, handler);
  }

  protected override invoke(request: unknown): unknown {
    return this.handler.handle(request, this);
  }

  protected override openRequests(): ReceiveQueue<Request> {
    return new ReceiveQueue<Request>(this.call, () => undefined);
  }

  protected override statusOf(error: unknown): StatusObject {
    if (error instanceof TtrpcError) return error;
    return {
      code: TtrpcStatus.UNKNOWN,
      message: internalText(error, 'the handler failed', this.handler.exposeErrors),
    };
  }

  protected override notAStream(result: unknown): unknown {
    return new TypeError(
      `expected an iterable of ${this.handler.response === bytesCodec ? 'Uint8Arrays' : this.handler.response.typeName}, got ${describe(result)}`,
    );
  }

  protected override onListenerFailed(error: unknown): void {
    // The engine has no log.
    process.emitWarning(`an abort listener of ${this.service}/${this.method} failed: ${messageOf(error)}`);
  }
}
