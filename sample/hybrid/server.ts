import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { TtrpcGrpcServer } from 'nestjs-ttrpc/grpc';
import { TtrpcReflectionModule } from 'nestjs-ttrpc/reflection';
import { HeroController } from './hero.controller.js';
import { SCHEMA } from './hero.js';

// With reflection, `ttrpc call` needs no .proto file.
@Module({ imports: [TtrpcReflectionModule.register()], controllers: [HeroController] })
class HeroModule {}

/** Serves the same controller over gRPC on `tcp` (`127.0.0.1:50051`) and over ttrpc on `socket` (`unix:///…`). */
export async function serve(tcp: string, socket: string): Promise<INestApplication> {
  const app = await NestFactory.create(HeroModule, { logger: ['warn', 'error'] });
  app.connectMicroservice<MicroserviceOptions>({ transport: Transport.GRPC, options: { ...SCHEMA, url: tcp } });
  app.connectMicroservice<MicroserviceOptions>({ strategy: new TtrpcGrpcServer({ ...SCHEMA, url: socket }) });
  await app.startAllMicroservices();
  return app;
}
