import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { TtrpcServer } from 'nestjs-ttrpc';
import { schema } from './greeter';
import { ClientModule, ServerModule } from './modules';
import { Reception } from './reception';

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
  const url = `unix://${join(folder, 'greeter.sock')}`;
  const server = await NestFactory.createMicroservice<MicroserviceOptions>(ServerModule, {
    strategy: new TtrpcServer({ url, ...schema }),
    logger: ['warn', 'error', 'fatal'],
  });
  await server.listen();
  const client = await NestFactory.createApplicationContext(ClientModule.register(url), {
    logger: ['warn', 'error', 'fatal'],
  });
  try {
    const reception = client.get(Reception);
    console.log(await reception.greet('Ada', 'Good morning'));
    console.log(await reception.countdown(3));
    console.log(await reception.sum(1, 20, 300));
    console.log(await reception.chat('a line', 'another'));
  } finally {
    await client.close();
    await server.close();
    rmSync(folder, { recursive: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
