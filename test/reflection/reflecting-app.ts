import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TtrpcReflectionModule } from 'nestjs-ttrpc/reflection';
import { TtrpcServer, type TtrpcServerOptions } from '../../src/index.js';

@Module({ imports: [TtrpcReflectionModule.register()] })
class ReflectingModule {}

/** Starts a server that only describes itself; what its schema defines has no handlers. */
export async function reflectingApp(options: TtrpcServerOptions): Promise<{ close(): Promise<unknown> }> {
  const strategy = new TtrpcServer(options);
  const app = await NestFactory.createMicroservice(ReflectingModule, { strategy, logger: false });
  await app.listen();
  return app;
}
