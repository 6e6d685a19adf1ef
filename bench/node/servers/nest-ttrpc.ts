import 'reflect-metadata';
import { Module, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { TtrpcMethod, TtrpcServer, TtrpcService, type TtrpcStream } from 'nestjs-ttrpc';
import type { Observable } from 'rxjs';
import { BenchGuard, BenchInterceptor, BenchPipe } from '../enhancers.js';
import {
  PROTO_PATH,
  newBody,
  SERVICE,
  type DownloadRequest,
  type Echo,
  type Order,
  type UploadReply,
} from '../messages.js';
import { serve } from '../serve.js';

/** Our Nest strategy as an application uses it: a decorated controller, default options. */
@TtrpcService(SERVICE)
class BenchController {
  @TtrpcMethod()
  unary(request: Echo): Echo {
    return request;
  }

  @UseGuards(BenchGuard)
  @UsePipes(BenchPipe)
  @UseInterceptors(BenchInterceptor)
  @TtrpcMethod()
  guarded(request: Echo): Echo {
    return request;
  }

  @TtrpcMethod()
  place(order: Order): Order {
    return order;
  }

  @TtrpcMethod()
  async *download({ count, bytes, first }: DownloadRequest): AsyncIterable<Echo> {
    const body = newBody(bytes);
    for (let i = 0; i < count; i++) yield { value: (first + i) >>> 0, body };
  }

  @TtrpcMethod()
  async upload(messages: TtrpcStream<Echo>): Promise<UploadReply> {
    const reply = { count: 0, sum: 0, bytes: 0 };
    for await (const { value, body } of messages) {
      reply.count++;
      reply.sum = (reply.sum + value) >>> 0;
      reply.bytes = (reply.bytes + body.length) >>> 0;
    }
    return reply;
  }

  @TtrpcMethod()
  chat(messages: TtrpcStream<Echo>): Observable<Echo> {
    return messages;
  }
}

@Module({ controllers: [BenchController] })
class BenchModule {}

serve(async (path) => {
  const strategy = new TtrpcServer({ url: `unix://${path}`, protoPath: PROTO_PATH });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(BenchModule, {
    strategy,
    logger: ['error', 'warn'],
  });
  await app.listen();
});
