// sample/shim with its runner from a Nest application, which fails to start with RUNNER_FAILS in the environment.
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { defineShim, plainProcesses, type ShimRunner } from 'nestjs-ttrpc/containerd';

@Injectable()
class Processes implements ShimRunner {
  readonly start = plainProcesses().start.bind(undefined);

  constructor() {
    if (process.env['RUNNER_FAILS'] !== undefined) throw new Error('there is no database');
  }
}

@Module({ providers: [Processes] })
class ShimModule {}

async function runner(): Promise<ShimRunner> {
  const app = await NestFactory.createApplicationContext(ShimModule, { logger: false, abortOnError: false });
  return app.get(Processes);
}

void defineShim({ name: 'io.containerd.nest.v1', runner }).main();
