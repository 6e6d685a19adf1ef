import 'reflect-metadata';
import { createServer } from 'node:net';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { onConnection } from '../floor-connection.js';
import { serve } from '../serve.js';

/** An empty application with the floor in the place of a transport: no transport of Nest can start faster. */
@Module({})
class BenchModule {}

serve(async (path) => {
  const server = createServer(onConnection);
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(BenchModule, {
    strategy: { listen: (done: () => void) => server.listen(path, done), close: () => server.close() },
    logger: ['error', 'warn'],
  });
  await app.listen();
});
