import { Inject, Logger, type Type } from '@nestjs/common';
import type { TtrpcStream } from '../common/ttrpc-stream.js';
import { TtrpcMethod } from '../decorators/ttrpc-method.decorator.js';
import { TtrpcService } from '../decorators/ttrpc-service.decorator.js';
import type { ServiceDescriptor } from '../schema/service-descriptor.js';
import { withAbsolutePaths } from '../schema/sources/absolute-paths.js';
import { loadProtoText } from '../schema/sources/proto-text.js';
import type { TtrpcContext } from '../transport/call/ttrpc-context.js';
import { PROTOS } from './generated/protos.js';
import { nextUntil } from './next-until.js';
import { ReflectionStream, type ReflectionRequest, type ReflectionResponse } from './reflect.js';
import { noteServed, servedBy } from '../transport/binding/served-schema.js';
import { amendHandlers } from '../transport/nest-seam/handler-metadata.js';
import { mistakeIn, TtrpcReflection } from './ttrpc-reflection.js';

const MODULE = 'TtrpcReflectionModule';

function serviceOf(version: keyof typeof PROTOS): ServiceDescriptor {
  return loadProtoText(PROTOS[version], { keepCase: true }).resolve('ServerReflection');
}

async function* respond(
  reflection: TtrpcReflection,
  requests: TtrpcStream<ReflectionRequest>,
  { server, signal }: TtrpcContext,
): AsyncIterable<ReflectionResponse> {
  const stream = new ReflectionStream(reflection.of(server));
  const iterator = requests[Symbol.asyncIterator]();
  for (;;) {
    // A tool may keep its stream open without a question: the server need not wait for it when it closes.
    const next = await nextUntil(iterator, signal);
    if (next === undefined || next.done) return;
    yield stream.respond(next.value);
  }
}

/** Serves grpc.reflection.v1.ServerReflection. */
@TtrpcService(serviceOf('v1'))
export class ReflectionController {
  constructor(@Inject(TtrpcReflection) private readonly reflection: TtrpcReflection) {}

  /** Describes the server that got the call. */
  @TtrpcMethod({ pipes: false, signalClosing: true })
  serverReflectionInfo(requests: TtrpcStream<ReflectionRequest>, context: TtrpcContext): AsyncIterable<unknown> {
    return respond(this.reflection, requests, context);
  }
}

/** Serves grpc.reflection.v1alpha.ServerReflection, for older clients. */
@TtrpcService(serviceOf('v1alpha'))
export class ReflectionAlphaController {
  constructor(@Inject(TtrpcReflection) private readonly reflection: TtrpcReflection) {}

  /** Describes the server that got the call. */
  @TtrpcMethod({ pipes: false, signalClosing: true })
  serverReflectionInfo(requests: TtrpcStream<ReflectionRequest>, context: TtrpcContext): AsyncIterable<unknown> {
    return respond(this.reflection, requests, context);
  }
}

for (const { prototype } of [ReflectionController, ReflectionAlphaController]) {
  amendHandlers(prototype, { module: MODULE, onServed: keepPaths });
}

/** Has the files found again from whatever working directory the first call comes in. */
function keepPaths(server: object): void {
  const served = servedBy(server);
  if (served) noteServed(server, { ...served, options: withAbsolutePaths(served.options) });
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
  @TtrpcService(serviceOf('v1alpha'))
  class ListedReflectionAlphaController extends ReflectionAlphaController {}
  // Most servers serve both versions.
  const told = new WeakSet();
  const onServed = (server: object): void => {
    keepPaths(server);
    const served = servedBy(server);
    const mistake = served && mistakeIn(services, served);
    if (mistake === undefined || told.has(server)) return;
    told.add(server);
    new Logger('TtrpcServer').warn(`${mistake}; each call of reflection fails`);
  };
  const listed = [ListedReflectionController, ListedReflectionAlphaController];
  for (const { prototype } of listed) amendHandlers(prototype, { module: MODULE, onServed });
  return listed;
}
