// The server that is attacked, in a process of its own: `target.ts <attack>`. Its parent asks it for figures.
import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Observable } from 'rxjs';
import { TtrpcMethod, TtrpcServer, TtrpcService, type TtrpcContext, type TtrpcStream } from '../../../src/index.js';
import { attackNamed } from './attacks.js';
import type { Figures } from './figures.js';

interface Ask {
  bytes?: number;
  count?: number;
}

@TtrpcService('attack.v1.Target')
class TargetController {
  @TtrpcMethod() echo(blob: object): object {
    return blob;
  }

  /** Waits until its client is gone. */
  @TtrpcMethod() wait(_blob: object, { signal }: TtrpcContext): Promise<never> {
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  }

  /** A handler that does not look at its signal. */
  @TtrpcMethod() ignore(): Promise<object> {
    return new Promise((resolve) => setTimeout(() => resolve({}), 3000));
  }

  @TtrpcMethod() give({ bytes = 0 }: Ask): object {
    return { data: new Uint8Array(bytes) };
  }

  @TtrpcMethod() async *pull({ bytes = 0, count = 0 }: Ask): AsyncIterable<object> {
    for (let i = 0; i < count; i++) yield { data: new Uint8Array(bytes) };
  }

  @TtrpcMethod() push({ bytes = 0, count = 0 }: Ask): Observable<object> {
    return new Observable((subscriber) => {
      for (let i = 0; i < count && !subscriber.closed; i++) subscriber.next({ data: new Uint8Array(bytes) });
      subscriber.complete();
    });
  }

  /** Takes nothing of what its client sends. */
  @TtrpcMethod() take(_blobs: TtrpcStream<object>, context: TtrpcContext): Promise<never> {
    return this.wait({}, context);
  }

  @TtrpcMethod() nest(): object {
    return {};
  }

  /** Keeps what it has got until its client is gone. */
  @TtrpcMethod() async crowd(many: object, context: TtrpcContext): Promise<object> {
    await this.wait(many, context);
    return many;
  }
}

@Module({ controllers: [TargetController] })
class TargetModule {}

const [, , attack = '', url = ''] = process.argv;
let logLines = 0;
const note = (): void => void logLines++;
const server = new TtrpcServer({
  url,
  protoPath: fileURLToPath(new URL('target.proto', import.meta.url)),
  gracePeriodMs: 1,
  ...attackNamed(attack).server,
});
const app = await NestFactory.createMicroservice<MicroserviceOptions>(TargetModule, {
  strategy: server,
  logger: { log: () => undefined, warn: note, error: note },
});
Logger.overrideLogger({ log: () => undefined, warn: note, error: note });
await app.listen();
logLines = 0;

process.on('message', (wanted) => {
  if (wanted === 'collect') for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const figures: Figures = { rss, heapUsed, external, logLines, stats: server.stats };
  process.send?.(figures);
});
process.on('disconnect', () => void app.close().then(() => process.exit()));
process.send?.('listening');
