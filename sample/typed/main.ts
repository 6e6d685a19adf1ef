import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { drainFirst, InjectTtrpcService, TtrpcClientsModule, TtrpcServer, type AsyncService } from 'nestjs-ttrpc';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Priority } from './gen/demo/jobs/v1/jobs_pb.js';
import { JobsController } from './jobs.controller.js';
import { Jobs } from './jobs.js';

const JOBS = Symbol('JOBS');
const folder = mkdtempSync(join(tmpdir(), 'typed-'));
const url = `unix://${folder}/jobs.sock`;

@Module({ controllers: [JobsController] })
class ServerModule {}

@Injectable()
class Planner {
  constructor(
    @InjectTtrpcService(JOBS, Jobs, { async: true }) private readonly jobs: AsyncService<typeof Jobs.methods>,
  ) {}

  async plan(): Promise<void> {
    const { jobId } = await this.jobs.addJob({ displayName: 'tidy up', priority: Priority.HIGH });
    console.log(`job ${jobId}`);
    for await (const { percent } of this.jobs.watchJob({ jobId })) console.log(`${percent} %`);
    await this.jobs.addJob({}).catch((error: unknown) => console.log(String(error)));
  }
}

@Module({
  imports: [TtrpcClientsModule.register([{ name: JOBS, url, descriptors: [Jobs], services: [Jobs] }])],
  providers: [Planner],
})
class ClientModule {}

const strategy = new TtrpcServer({ url, descriptors: [Jobs] });
const server = await NestFactory.createMicroservice<MicroserviceOptions>(drainFirst(ServerModule, strategy), {
  strategy,
  logger: ['warn', 'error'],
});
await server.listen();
const client = await NestFactory.createApplicationContext(ClientModule, { logger: ['warn', 'error'] });
try {
  await client.get(Planner).plan();
} finally {
  await client.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
