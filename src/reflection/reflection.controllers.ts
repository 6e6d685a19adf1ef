import { Inject } from '@nestjs/common';
import type { TtrpcStream } from '../common/ttrpc-stream.js';
import { TtrpcMethod } from '../decorators/ttrpc-method.decorator.js';
import { TtrpcService } from '../decorators/ttrpc-service.decorator.js';
import type { ServiceDescriptor } from '../schema/service-descriptor.js';
import { loadProtoText } from '../schema/sources/proto-text.js';
import type { TtrpcContext } from '../transport/call/ttrpc-context.js';
import { PROTOS } from './generated/protos.js';
import { ReflectionStream, type ReflectionRequest, type ReflectionResponse } from './reflect.js';
import { TtrpcReflection } from './ttrpc-reflection.js';

function serviceOf(version: keyof typeof PROTOS): ServiceDescriptor {
  return loadProtoText(PROTOS[version], { keepCase: true }).resolve('ServerReflection');
}

async function* respond(
  reflection: TtrpcReflection,
  requests: TtrpcStream<ReflectionRequest>,
  { server }: TtrpcContext,
): AsyncIterable<ReflectionResponse> {
  const stream = new ReflectionStream(reflection.of(server));
  for await (const request of requests) yield stream.respond(request);
}

/** Serves grpc.reflection.v1.ServerReflection. */
@TtrpcService(serviceOf('v1'))
export class ReflectionController {
  constructor(@Inject(TtrpcReflection) private readonly reflection: TtrpcReflection) {}

  /** Describes the server that got the call. */
  @TtrpcMethod({ pipes: false })
  serverReflectionInfo(requests: TtrpcStream<ReflectionRequest>, context: TtrpcContext): AsyncIterable<unknown> {
    return respond(this.reflection, requests, context);
  }
}

/** Serves grpc.reflection.v1alpha.ServerReflection, for older clients. */
@TtrpcService(serviceOf('v1alpha'))
export class ReflectionAlphaController {
  constructor(@Inject(TtrpcReflection) private readonly reflection: TtrpcReflection) {}

  /** Describes the server that got the call. */
  @TtrpcMethod({ pipes: false })
  serverReflectionInfo(requests: TtrpcStream<ReflectionRequest>, context: TtrpcContext): AsyncIterable<unknown> {
    return respond(this.reflection, requests, context);
  }
}
