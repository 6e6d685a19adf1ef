// The server of the transcripts in docs/cli: sample/greeter's, with reflection and health. node ../typescript/run.mjs server.ts <url>
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { TtrpcServer } from 'nestjs-ttrpc';
import { TtrpcHealthModule } from 'nestjs-ttrpc/health';
import { TtrpcReflectionModule } from 'nestjs-ttrpc/reflection';
import { schema } from '../../sample/greeter/greeter.js';
import { GreeterController } from '../../sample/greeter/server/greeter.controller.js';

@Module({
  imports: [
    TtrpcReflectionModule.register(),
    TtrpcHealthModule.register({ statuses: { 'demo.v1.Greeter': 'SERVING', 'demo.v1.Archive': 'NOT_SERVING' } }),
  ],
  controllers: [GreeterController],
})
class TranscriptModule {}

const app = await NestFactory.createMicroservice<MicroserviceOptions>(TranscriptModule, {
  strategy: new TtrpcServer({ url: process.argv[2] ?? '', ...schema }),
  logger: false,
});
await app.listen();
console.log('ready');
process.stdin.resume().once('end', () => void app.close());
