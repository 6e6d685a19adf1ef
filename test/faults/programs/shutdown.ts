// An application with a database, to be ended by a signal: node --import …/register-sources.mjs shutdown.ts <kind> <address> [drain]
import 'reflect-metadata';
import { Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { drainFirst, TtrpcMethod, TtrpcServer, TtrpcService, type TtrpcContext, type TtrpcStream } from 'nestjs-ttrpc';
import { fileURLToPath } from 'node:url';

const [, , kind, url = '', drain] = process.argv;
const protoPath = fileURLToPath(new URL('../../nest/lab.proto', import.meta.url));
/** Far longer than a test takes: an application that waits for it is seen by that. */
const gracePeriodMs = 600_000;

function say(what: string): void {
  process.stdout.write(`${what}\n`);
}

@Injectable()
class Database implements OnModuleDestroy {
  open = true;

  onModuleDestroy(): void {
    this.open = false;
    say('database closed');
  }
}

interface Message {
  text?: string;
  number?: number;
}

@TtrpcService('lab.v1.Lab')
class LabController {
  constructor(private readonly database: Database) {}

  @TtrpcMethod() async ask(request: Message): Promise<Message> {
    await new Promise((resolve) => setTimeout(resolve, request.number));
    say(`answered ${request.text}`);
    return request;
  }

  /** Answers when its client has sent all: until then the call is in flight. */
  @TtrpcMethod() async sum(parts: TtrpcStream<Message>): Promise<Message> {
    let number = 0;
    for await (const _part of parts) if (++number === 1) say('counting');
    say(`counted with the database ${this.database.open ? 'open' : 'closed'}`);
    return { number };
  }

  /** Without an end of its own. */
  @TtrpcMethod() async *count(_request: Message, { signal }: TtrpcContext): AsyncIterable<Message> {
    yield { number: 1 };
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    yield { text: 'good bye' };
  }
}

@Module({ controllers: [LabController], providers: [Database] })
class AppModule {}

const server = new TtrpcServer({ url, protoPath, gracePeriodMs, signalStreams: true });
const root = drain === 'drain' ? drainFirst(AppModule, server) : AppModule;
const logger = ['error', 'fatal'] as const;
if (kind === 'hybrid') {
  const app = await NestFactory.create(root, { logger: [...logger] });
  app.connectMicroservice<MicroserviceOptions>({ strategy: server });
  app.enableShutdownHooks();
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
} else {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(root, {
    strategy: server,
    logger: [...logger],
  });
  app.enableShutdownHooks();
  await app.listen();
}
server.on('close', () => say('server closed'));
say('ready');
