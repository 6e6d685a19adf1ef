import 'reflect-metadata';
import { Controller, Module, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod, GrpcStreamMethod, Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { map, range, reduce, type Observable } from 'rxjs';
import { BenchGuard, BenchInterceptor, BenchPipe } from '../enhancers.js';
import { PROTO_PATH, newBody, type DownloadRequest, type Echo, type Order, type UploadReply } from '../messages.js';
import { serve } from '../serve.js';

/** Nest's gRPC transport as an application uses it, default options. */
@Controller()
class BenchController {
  @GrpcMethod('Bench')
  unary(request: Echo): Echo {
    return request;
  }

  @UseGuards(BenchGuard)
  @UsePipes(BenchPipe)
  @UseInterceptors(BenchInterceptor)
  @GrpcMethod('Bench')
  guarded(request: Echo): Echo {
    return request;
  }

  @GrpcMethod('Bench')
  place(order: Order): Order {
    return order;
  }

  @GrpcMethod('Bench')
  download({ count, bytes, first }: DownloadRequest): Observable<Echo> {
    const body = newBody(bytes);
    return range(0, count).pipe(map((i) => ({ value: (first + i) >>> 0, body })));
  }

  @GrpcStreamMethod('Bench')
  upload(messages: Observable<Echo>): Observable<UploadReply> {
    return messages.pipe(
      reduce<Echo, UploadReply>(
        (reply, { value, body }) => {
          reply.count++;
          reply.sum = (reply.sum + value) >>> 0;
          reply.bytes = (reply.bytes + body.length) >>> 0;
          return reply;
        },
        { count: 0, sum: 0, bytes: 0 },
      ),
    );
  }

  @GrpcStreamMethod('Bench')
  chat(messages: Observable<Echo>): Observable<Echo> {
    return messages;
  }
}

@Module({ controllers: [BenchController] })
class BenchModule {}

serve(async (path) => {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(BenchModule, {
    transport: Transport.GRPC,
    options: { url: `unix:${path}`, package: 'bench.v1', protoPath: PROTO_PATH },
    logger: ['error', 'warn'],
  });
  await app.listen();
});
