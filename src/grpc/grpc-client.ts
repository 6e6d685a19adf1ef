import type { ClientGrpc } from '@nestjs/microservices';
import { catchError, defer, throwError, type Observable } from 'rxjs';
import { TtrpcClient } from '../client/api/ttrpc-client.js';
import type { TtrpcCallOptions } from '../client/api/call-options.js';
import type { TtrpcClientOptions } from '../client/api/client-options.js';
import type { ObservableService } from '../client/api/client-types.js';
import { CLIENT_OPTIONS, SERVER_OPTIONS } from '../common/option-names.js';
import { TtrpcException } from '../common/ttrpc-exception.js';
import { describe } from '../protocol/core/describe.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import { SchemaError } from '../schema/schema-error.js';
import type { MethodDescriptor, ServiceDescriptor } from '../schema/service-descriptor.js';
import { TtrpcGrpcCall } from './grpc-call.js';
import { isMetadata, pairsOf, type GrpcMetadataLike } from './grpc-metadata.js';
import { checkGrpcOptions, packagesOf, type IgnoredGrpcOptions } from './grpc-options.js';
import { TtrpcServiceError } from './grpc-status.js';
import { TtrpcGrpcStream } from './grpc-stream.js';
import { warnNotCarried } from './not-carried.js';

/** Options of {@link TtrpcGrpcClient}: those of Nest's gRPC transport, and those of TtrpcClient. */
export type TtrpcGrpcClientOptions = TtrpcClientOptions & IgnoredGrpcOptions;

/** Options of one call: those of grpc-js that ttrpc has, and those of TtrpcClient. */
export interface TtrpcGrpcCallOptions extends Omit<TtrpcCallOptions, 'parent' | 'metadata'> {
  /** When the call ends with DEADLINE_EXCEEDED: a Date, or ms since 1970. */
  deadline?: Date | number | undefined;
  /** The call of the handler that makes this one: its deadline and its end are this call's, too. */
  parent?: TtrpcGrpcCall | TtrpcGrpcStream | TtrpcCallOptions['parent'];
}

type GrpcFunction = (data: unknown, ...rest: unknown[]) => Observable<unknown>;

/** Options of grpc-js's calls without a meaning here. */
const IGNORED = ['host', 'propagate_flags', 'credentials', 'interceptors', 'interceptor_providers'];

/**
 * A client for code that is written against Nest's `ClientGrpc`, as `customClass` of `ClientsModule`. The functions of a
 * service take `(data, metadata?, options?)`, and their errors have the properties of grpc-js's `ServiceError`. All else is
 * as in TtrpcClient: `getAsyncService` and `send` take its options and give its exceptions.
 */
export class TtrpcGrpcClient extends TtrpcClient implements ClientGrpc {
  readonly #packages: readonly string[];
  readonly #services = new WeakMap<object, object>();

  /** Makes no connection. @throws what TtrpcClient's throws */
  constructor(options: TtrpcGrpcClientOptions) {
    super(options);
    checkGrpcOptions(options, 'a TtrpcGrpcClient', CLIENT_OPTIONS, SERVER_OPTIONS);
    this.#packages = packagesOf(options.package);
  }

  /**
   * The functions of a service, named relatively to `package`, in full, or shortly where that is unique. They give cold
   * Observables: each subscription is a call.
   * @throws SchemaError for an unknown service
   */
  override getService<T extends object>(service: string): T;
  override getService<All extends Record<string, MethodDescriptor>>(
    service: ServiceDescriptor<All>,
  ): ObservableService<All>;
  override getService(service: string | ServiceDescriptor): object {
    const proxy = this.#proxy(service);
    let functions = this.#services.get(proxy);
    if (!functions) {
      functions = Object.freeze(
        Object.fromEntries(Object.entries(proxy).map(([name, call]) => [name, grpcFunction(call as GrpcFunction)])),
      );
      this.#services.set(proxy, functions);
    }
    return functions;
  }

  /** @throws UNIMPLEMENTED: there is no client of grpc-js behind this one */
  getClientByServiceName(name: string): never {
    throw new TtrpcException(
      TtrpcStatus.UNIMPLEMENTED,
      `there is no grpc-js client for ${name} over ttrpc: use getService() or getAsyncService()`,
    );
  }

  #proxy(service: string | ServiceDescriptor): object {
    if (typeof service !== 'string') return super.getService(service);
    for (const name of this.#packages) {
      try {
        return super.getService(`${name}.${service}`);
      } catch (error) {
        if (!(error instanceof SchemaError)) throw error;
      }
    }
    return super.getService(service);
  }
}

function grpcFunction(call: GrpcFunction): GrpcFunction {
  return (data, ...rest) =>
    defer(() => call(data, callOptions(rest))).pipe(
      catchError((error: unknown) =>
        throwError(() => (error instanceof TtrpcException ? new TtrpcServiceError(error) : error)),
      ),
    );
}

/** The options for what stands behind the data: metadata, options, or both in this order. */
function callOptions([first, second]: unknown[]): TtrpcCallOptions | undefined {
  const metadata = isMetadata(first) ? first : undefined;
  const options = metadata ? second : (first ?? second);
  if (options === undefined || options === null) return metadata && { metadata: pairs(metadata) };
  if (typeof options !== 'object') {
    throw new TtrpcException(
      TtrpcStatus.INVALID_ARGUMENT,
      `call options: expected an object such as { deadline }, got ${describe(options)}`,
    );
  }
  const { deadline, parent, ...rest } = options as TtrpcGrpcCallOptions;
  for (const name of IGNORED) {
    if (!(name in options)) continue;
    warnNotCarried(`the call option ${name}`);
    Reflect.deleteProperty(rest, name);
  }
  const own: TtrpcCallOptions = { ...rest, parent: isGrpcCall(parent) ? parent.context : parent };
  if (metadata) own.metadata = pairs(metadata);
  if (deadline !== undefined && deadline !== null)
    own.timeoutMs = Math.min(rest.timeoutMs ?? Infinity, until(deadline));
  return own;
}

function isGrpcCall(parent: TtrpcGrpcCallOptions['parent']): parent is TtrpcGrpcCall | TtrpcGrpcStream {
  return parent instanceof TtrpcGrpcCall || parent instanceof TtrpcGrpcStream;
}

function pairs(metadata: GrpcMetadataLike): [string, string][] {
  return [...pairsOf(metadata)] as [string, string][];
}

/** What is left until `deadline`, in ms. @throws DEADLINE_EXCEEDED when nothing is */
function until(deadline: Date | number): number {
  const at = Number(deadline);
  if (Number.isNaN(at)) {
    throw new TtrpcException(
      TtrpcStatus.INVALID_ARGUMENT,
      `deadline: expected a Date or ms since 1970, got ${describe(deadline)}`,
    );
  }
  const left = at - Date.now();
  if (left > 0) return left;
  throw new TtrpcException(TtrpcStatus.DEADLINE_EXCEEDED, `the deadline passed ${Math.ceil(-left)} ms before the call`);
}
