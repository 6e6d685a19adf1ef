import { NestFactory } from '@nestjs/core';
import { SampleLogger } from '../sample-logger.js';
import { ClientModule } from './client.module.js';
import { Tour } from './tour.js';

/** Calls each rpc of the server at `url`. Rejects when a call fails or its answer is wrong. */
export async function call(url: string): Promise<void> {
  const app = await NestFactory.createApplicationContext(ClientModule.register(url), {
    logger: new SampleLogger('client'),
    abortOnError: false,
  });
  try {
    await app.get(Tour).run();
  } finally {
    await app.close();
  }
}
