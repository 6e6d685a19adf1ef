import { isObservable, lastValueFrom, of } from 'rxjs';
import { isAsyncIterable } from '../protocol/connection/pump.js';
import { sendsRequestStream, sendsResponseStream } from '../protocol/core/method-shape.js';
import { isThenable } from '../protocol/core/thenable.js';
import type { MethodDescriptor } from '../schema/service-descriptor.js';
import type { HandlerCallback } from '../transport/binding/bound-handler.js';
import type { HandlerInfo } from '../transport/binding/handler-info.js';
import type { RequestStream } from '../transport/call/request-stream.js';
import type { TtrpcContext } from '../transport/call/ttrpc-context.js';
import { GRPC_DECORATORS } from '../transport/nest-seam/metadata-keys.js';
import { RpcException } from '@nestjs/microservices';
import { TtrpcGrpcCall } from './grpc-call.js';
import { TtrpcGrpcMetadata } from './grpc-metadata.js';
import { GrpcRequests } from './grpc-requests.js';
import { statusOfError } from './grpc-status.js';
import { TtrpcGrpcStream } from './grpc-stream.js';
import { warnNotCarried } from './not-carried.js';

/** What Nest's gRPC decorators make the pattern of a handler. */
export interface GrpcPattern {
  readonly service: string;
  readonly rpc: string;
  readonly streaming: keyof typeof GRPC_DECORATORS;
}

/** A handler with Nest's pipeline around it, as Nest's gRPC transport calls it. */
type NestCallback = (...args: unknown[]) => unknown;

/** Nest hands the same pattern object to each server of an application. */
const infos = new WeakMap<GrpcPattern, HandlerInfo>();

/** True for a pattern of `@GrpcMethod`, `@GrpcStreamMethod` or `@GrpcStreamCall`. */
export function isGrpcPattern(pattern: unknown): pattern is GrpcPattern {
  const { service, rpc, streaming } = (pattern ?? {}) as Partial<GrpcPattern>;
  return (
    typeof service === 'string' &&
    typeof rpc === 'string' &&
    typeof streaming === 'string' &&
    Object.hasOwn(GRPC_DECORATORS, streaming)
  );
}

/** What this library knows of the handler with `pattern`; the same object each time. */
export function grpcHandlerInfo(pattern: GrpcPattern): HandlerInfo {
  let info = infos.get(pattern);
  if (info) return info;
  const { service, rpc, streaming } = pattern;
  const label = `@${GRPC_DECORATORS[streaming]}('${service}', '${rpc}')`;
  info = {
    service,
    descriptor: undefined,
    rpc,
    className: service,
    property: rpc,
    foreign: { label, adapt: (callback, method) => adapt(callback as NestCallback, method, pattern, label) },
  };
  infos.set(pattern, info);
  return info;
}

function adapt(callback: NestCallback, method: MethodDescriptor, pattern: GrpcPattern, label: string): HandlerCallback {
  const takesStream = sendsRequestStream(method.shape);
  if (takesStream !== (pattern.streaming !== 'no_stream')) {
    const wanted = takesStream ? '@GrpcStreamMethod() or @GrpcStreamCall()' : '@GrpcMethod()';
    const what = takesStream ? 'takes a stream of requests' : 'takes one request';
    throw new Error(`${label}: ${method.name} of ${pattern.service} ${what}: write ${wanted}`);
  }
  if (pattern.streaming === 'pt_stream') return passThrough(callback, method);
  const handler: HandlerCallback = (data, context) => {
    const metadata = new TtrpcGrpcMetadata(context);
    const call = new TtrpcGrpcCall(takesStream ? undefined : data, metadata, context, method.shape);
    return callback(takesStream ? new GrpcRequests(data as RequestStream<unknown>) : data, metadata, call);
  };
  if (!sendsResponseStream(method.shape)) return handler;
  return (data, context) => asStream(handler(data, context));
}

/** As Nest's gRPC: a value that is not a stream is its only message. */
function asStream(result: unknown): unknown {
  if (isThenable(result)) return result.then(asStream);
  return isObservable(result) || isAsyncIterable(result) ? result : of(result);
}

function passThrough(callback: NestCallback, { shape }: MethodDescriptor): HandlerCallback {
  const open = (data: unknown, context: TtrpcContext): TtrpcGrpcStream =>
    new TtrpcGrpcStream(data as RequestStream<unknown>, context, shape);
  if (sendsResponseStream(shape)) {
    return (data, context) => {
      const call = open(data, context);
      awaitResult(
        () => callback(call),
        (error) => call.fail(error),
      );
      return call.responses();
    };
  }
  return (data, context) =>
    new Promise((resolve, reject) => {
      const call = open(data, context);
      call.on('error', (error) => reject(new RpcException({ ...statusOfError(error) })));
      const respond = (error: unknown, response?: unknown, trailer?: unknown): void => {
        if (trailer !== undefined && trailer !== null) warnNotCarried('trailers');
        if (error !== undefined && error !== null) reject(new RpcException({ ...statusOfError(error) }));
        else resolve(response);
      };
      // Its end counts as the handler's, so that a call that nobody responds to is not kept.
      context.signal.addEventListener('abort', () => reject(context.signal.reason as Error), { once: true });
      awaitResult(() => callback(call, respond), reject);
    });
}

/** What the handler returns is not sent; only that it fails counts. */
function awaitResult(run: () => unknown, onError: (error: unknown) => void): void {
  const settle = async (): Promise<void> => {
    const result = await run();
    if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
  };
  settle().catch(onError);
}
