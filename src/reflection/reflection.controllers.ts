import { Inject, Logger, type Type } from '@nestjs/common';
import type { TtrpcStream } from '../common/ttrpc-stream.js';
import { TtrpcMethod } from '../decorators/ttrpc-method.decorator.js';
import { TtrpcService } from '../decorators/ttrpc-service.decorator.js';
import type { ServiceDescriptor } from '../schema/service-descriptor.js';
import { loadProtoText } from '../schema/sources/proto-text.js';
import type { TtrpcContext } from '../transport/call/ttrpc-context.js';
import { PROTOS } from './generated/protos.js';
import { ReflectionStream, type ReflectionRequest, type ReflectionResponse } from './reflect.js';
import { servedBy } from '../transport/binding/served-schema.js';
import { whenServed } from '../transport/nest-seam/handler-metadata.js';
import { mistakeIn, TtrpcReflection } from './ttrpc-reflection.js';

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

/**
 * The controllers of one registration. A server that does not serve all of `services` says so when it begins to listen: a
 * call tells only whoever makes it.
 */
export function reflectionControllers(services: readonly string[] | undefined): Type[] {
  if (services === undefined) return [ReflectionController, ReflectionAlphaController];
  // Of this registration, as handlers' metadata are a class's.
  @TtrpcService(serviceOf('v1'))
  class ListedReflectionController extends ReflectionController {}
  whenServed(ListedReflectionController.prototype, 'serverReflectionInfo', (server) => {
    const served = servedBy(server);
    const mistake = served && mistakeIn(services, served);
    if (mistake !== undefined) new Logger('TtrpcServer').warn(`${mistake}; each call of reflection fails`);
  });
  return [ListedReflectionController, ReflectionAlphaController];
}
