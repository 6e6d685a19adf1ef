// The Nest application of nest-shim.ts: how containers run is a provider's business.
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { plainProcesses, type ShimRunner } from 'nestjs-ttrpc/containerd';

@Injectable()
class Processes implements ShimRunner {
  readonly start = plainProcesses().start.bind(undefined);
}

@Module({ providers: [Processes] })
class ShimModule {}

/** Starts the application. */
export async function processes(): Promise<ShimRunner> {
  const app = await NestFactory.createApplicationContext(ShimModule, { logger: false });
  return app.get(Processes);
}
