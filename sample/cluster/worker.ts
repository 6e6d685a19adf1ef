import cluster from 'node:cluster';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { TtrpcMethod, TtrpcServer, TtrpcService } from 'nestjs-ttrpc';
import { compute, CRUNCHER, schema, type Result, type Work } from './cruncher.js';

@TtrpcService(CRUNCHER)
class CruncherController {
  @TtrpcMethod()
  crunch({ rounds }: Work): Result {
    compute(rounds);
    return { worker: cluster.worker?.id ?? 0 };
  }
}

@Module({ controllers: [CruncherController] })
class WorkerModule {}

/** Serves demo.v1.Cruncher on `url`, with all other workers that do. */
export async function work(url: string): Promise<void> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(WorkerModule, {
    strategy: new TtrpcServer({ url, ...schema, socketMode: 0o600 }),
    logger: ['warn', 'error', 'fatal'],
    abortOnError: false,
  });
  app.enableShutdownHooks();
  await app.listen();
  process.send?.('ready');
}
