import type { MessageHandler } from '@nestjs/microservices';
import { CLIENT_OPTIONS, SERVER_OPTIONS } from '../common/option-names.js';
import { HANDLER_INFO } from '../common/nest-keys.js';
import { describe } from '../protocol/core/describe.js';
import type { HandlerInfo } from '../transport/binding/handler-info.js';
import { defineTransportId } from '../transport/nest-seam/pipeline-building.js';
import { TtrpcServer } from '../transport/ttrpc-server.js';
import type { TtrpcServerOptions } from '../transport/ttrpc-server-options.js';
import { grpcHandlerInfo, isGrpcPattern } from './grpc-handler.js';
import { checkGrpcOptions, type IgnoredGrpcOptions } from './grpc-options.js';
import { passForServerGrpc } from './nest-seam.js';

/** Options of {@link TtrpcGrpcServer}: those of Nest's gRPC transport, and those of TtrpcServer. */
export interface TtrpcGrpcServerOptions extends TtrpcServerOptions, IgnoredGrpcOptions {
  /**
   * What `listen()` does about a gRPC handler whose service this server does not serve: `'error'` (the default), or
   * `'ignore'` in an application with services that only Nest's own gRPC transport serves.
   */
  otherServices?: 'error' | 'ignore' | undefined;
}

/**
 * The strategy that serves controllers written for Nest's gRPC transport over ttrpc, unchanged: `@GrpcMethod`,
 * `@GrpcStreamMethod` and `@GrpcStreamCall` with `(data, metadata, call)`. `@TtrpcMethod` handlers may stand beside them; one
 * of the same rpc takes precedence. Neither grpc-js nor proto-loader is needed. docs/grpc.md lists the differences.
 */
export class TtrpcGrpcServer extends TtrpcServer {
  readonly #ignoresOthers: boolean;

  /** @throws RangeError or TypeError that names an invalid option; everything else shows at `listen()` */
  constructor(options: TtrpcGrpcServerOptions) {
    super(options);
    checkGrpcOptions(options, 'a TtrpcGrpcServer', { ...SERVER_OPTIONS, otherServices: true }, CLIENT_OPTIONS);
    const { otherServices = 'error' } = options;
    if (otherServices !== 'error' && otherServices !== 'ignore') {
      throw new TypeError(`otherServices: expected 'error' or 'ignore', got ${describe(otherServices)}`);
    }
    this.#ignoresOthers = otherServices === 'ignore';
    // The handlers of gRPC and of ttrpc have different ids: Nest gives a server without one all handlers.
    defineTransportId(this, undefined, { skipsParameters: options.alwaysResolveParameters !== true });
  }

  /** Nest gives each handler here, those of all transports. */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const isGrpc = extras[HANDLER_INFO] === undefined && isGrpcPattern(pattern);
    const own = isGrpc ? { ...extras, [HANDLER_INFO]: grpcHandlerInfo(pattern) } : extras;
    super.addHandler(pattern, callback, isEventHandler, own);
  }

  /** @internal */
  protected override mayIgnore(info: HandlerInfo): boolean {
    return this.#ignoresOthers && info.foreign !== undefined;
  }
}

passForServerGrpc(TtrpcGrpcServer);
