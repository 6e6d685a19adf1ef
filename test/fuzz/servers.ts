import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { TtrpcServer } from 'nestjs-ttrpc';
import { bytesCodec, TtrpcError, TtrpcStatus, type ServerStats } from 'nestjs-ttrpc/protocol';
import { PassThrough, type Duplex } from 'node:stream';
import { serve } from '../../src/protocol/server/serve.js';
import type { ServerCore } from '../../src/protocol/server/server.js';
import type { ServerMethod } from '../../src/protocol/server/server-call.js';
import { INTEROP } from '../conformance/service.js';
import { MAX_MESSAGE_BYTES } from './mutate.js';
import { NestInterop, OBSERVER } from './nest-interop.js';
import { fuzzService, PROTO, type HandlerObserver } from './service.js';

/** A server that takes connections from memory. */
export interface ServerUnderTest {
  accept(duplex: Duplex, address: string): void;
  readonly stats: ServerStats;
  close(): Promise<unknown>;
}

/** Limits that mutants can reach. */
export const LIMITS = {
  maxMessageBytes: MAX_MESSAGE_BYTES,
  maxConcurrentCalls: 12,
  maxMetadataBytes: 2048,
  maxBufferedBytes: 64 * 1024,
  maxBufferedBytesPerConnection: 128 * 1024,
  maxBufferedBytesPerServer: 1024 * 1024,
};

/** Sends as many messages as the payload has bytes and does not look whether they are taken, as an Observable does. */
const flood: ServerMethod = {
  service: INTEROP,
  method: 'Flood',
  shape: 'server-streaming',
  open(call) {
    return {
      onRequest(_buf, start, end) {
        try {
          for (let n = start; n < end && !call.ended; n++) call.send(bytesCodec, FLOOD_MESSAGE);
          call.end();
        } catch (error) {
          call.fail(error instanceof TtrpcError ? error : { code: TtrpcStatus.UNKNOWN, message: 'the flood failed' });
        }
      },
      onMessage: () => undefined,
      onRequestEnd: () => undefined,
      onAbort: () => undefined,
      onClosing: () => undefined,
    };
  },
};
const FLOOD_MESSAGE = Buffer.alloc(8000, 7);

/** The engine alone. */
export async function engineServer(observer: HandlerObserver): Promise<ServerUnderTest> {
  const nobody = new PassThrough();
  // A raw server is a core.
  const core = (await serve(nobody, fuzzService(observer), LIMITS)) as unknown as ServerCore;
  nobody.destroy();
  core.methods.add(flood);
  return core;
}

@Module({})
class FuzzModule {
  static with(observer: HandlerObserver): DynamicModule {
    return { module: FuzzModule, controllers: [NestInterop], providers: [{ provide: OBSERVER, useValue: observer }] };
  }
}

/** A Nest application. */
export async function nestServer(observer: HandlerObserver): Promise<ServerUnderTest> {
  const server = new TtrpcServer({ protoPath: PROTO, gracePeriodMs: 0, ...LIMITS });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(FuzzModule.with(observer), {
    strategy: server,
    logger: false,
  });
  await app.listen();
  return {
    accept: (duplex, address) => server.accept(duplex, address),
    get stats() {
      return server.stats;
    },
    close: () => app.close(),
  };
}
