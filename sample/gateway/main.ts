import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { drainFirst, TtrpcClientsModule, TtrpcServer } from 'nestjs-ttrpc';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayController } from './gateway.controller.js';
import { rendering, ReportsController } from './reports.controller.js';
import { REPORTS, SCHEMA, SERVICE } from './reports.js';

// A ttrpc service, an HTTP gateway in front of it, and three HTTP requests; the last one is aborted.
const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
const url = `unix://${join(folder, 'reports.sock')}`;

@Module({ controllers: [ReportsController] })
class ServiceModule {}

@Module({
  imports: [TtrpcClientsModule.register([{ name: REPORTS, url, ...SCHEMA, services: [SERVICE] }])],
  controllers: [GatewayController],
})
class GatewayModule {}

const logger = ['warn', 'error'] as const;
const strategy = new TtrpcServer({ url, ...SCHEMA });
const service = await NestFactory.createMicroservice<MicroserviceOptions>(drainFirst(ServiceModule, strategy), {
  strategy,
  logger: [...logger],
});
await service.listen();
const gateway = await NestFactory.create(GatewayModule, { logger: [...logger] });
await gateway.listen(0, '127.0.0.1');
try {
  const address = await gateway.getUrl();
  for (const path of ['/report?name=sales', '/report']) {
    const response = await fetch(`${address}${path}`);
    console.log(`GET ${path}: ${response.status} ${await response.text()}`);
  }
  const path = '/report?name=slow';
  const aborted = request(`${address}${path}`).on('error', () => console.log(`GET ${path}: aborted by its client`));
  const begun = once(rendering, 'begin');
  const stopped = once(rendering, 'stop');
  aborted.end();
  await begun;
  aborted.destroy(new Error('enough'));
  await stopped;
} finally {
  await gateway.close();
  await service.close();
  rmSync(folder, { recursive: true });
}
