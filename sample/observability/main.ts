import './telemetry.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { TtrpcClient, TtrpcServer, TtrpcToHttpExceptionFilter } from 'nestjs-ttrpc';
import { TtrpcMetrics } from 'nestjs-ttrpc/metrics';
import { GatewayController } from './gateway.controller.js';
import { OrdersController } from './orders.controller.js';
import { PROTO } from './orders.js';

// An HTTP gateway before a ttrpc service, in one process. `npx nest start observability -- 9464` listens on that port until
// it is stopped; then scrape http://127.0.0.1:9464/metrics.
const folder = mkdtempSync(join(tmpdir(), 'observability-'));
const url = `unix://${join(folder, 'orders.sock')}`;
const server = new TtrpcServer({ url, protoPath: PROTO });
const client = new TtrpcClient({ url, protoPath: PROTO });
const metrics = new TtrpcMetrics({ servers: { orders: server }, clients: { gateway: client } });

@Module({
  controllers: [OrdersController, GatewayController],
  providers: [
    { provide: APP_FILTER, useClass: TtrpcToHttpExceptionFilter },
    { provide: 'ORDERS', useValue: client },
    { provide: 'METRICS', useValue: metrics },
  ],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
app.enableShutdownHooks();
app.connectMicroservice({ strategy: server });
await app.startAllMicroservices();
await app.listen(Number(process.argv[2] ?? 9464), '127.0.0.1');
console.log(`listening on ${await app.getUrl()}`);
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
