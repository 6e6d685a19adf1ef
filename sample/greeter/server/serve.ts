import { ShutdownSignal } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { TtrpcServer } from 'nestjs-ttrpc';
import { schema } from '../greeter.js';
import { SampleLogger } from '../sample-logger.js';
import { ServerModule } from './server.module.js';

/** Serves demo.v1.Greeter on `url` until the process is asked to end. Rejects when it cannot. */
export async function serve(url: string): Promise<void> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(ServerModule, {
    strategy: new TtrpcServer({ url, ...schema }),
    logger: new SampleLogger('server', 'Greeter'),
    abortOnError: false,
  });
  // Close, and with it remove the socket, before the process ends.
  app.enableShutdownHooks([ShutdownSignal.SIGINT, ShutdownSignal.SIGTERM], { useProcessExit: true });
  await app.listen();
  console.log(`The server is process ${process.pid} and listens on ${url}`);
  // For the process that started this one: it may call now, and when it is gone nobody needs this server.
  process.send?.('listening');
  process.once('disconnect', () => void app.close());
}
