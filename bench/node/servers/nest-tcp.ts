import 'reflect-metadata';
import { Controller, Module, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { map, range, type Observable } from 'rxjs';
import { BenchGuard, BenchInterceptor, BenchPipe } from '../enhancers.js';
import { newText, type DownloadRequest, type Order } from '../messages.js';
import { serve } from '../serve.js';

/** bench.v1.Echo as JSON has it. */
interface TextEcho {
  value: number;
  body: string;
}

/** Nest's TCP transport as an application uses it, default options but for the unix socket. Bodies are text. */
@Controller()
class BenchController {
  @MessagePattern('Unary')
  unary(request: TextEcho): TextEcho {
    return request;
  }

  @UseGuards(BenchGuard)
  @UsePipes(BenchPipe)
  @UseInterceptors(BenchInterceptor)
  @MessagePattern('Guarded')
  guarded(request: TextEcho): TextEcho {
    return request;
  }

  @MessagePattern('Place')
  place(order: Order): Order {
    return order;
  }

  @MessagePattern('Download')
  download({ count, bytes, first }: DownloadRequest): Observable<TextEcho> {
    const body = newText(bytes);
    return range(0, count).pipe(map((i) => ({ value: (first + i) >>> 0, body })));
  }
}

@Module({ controllers: [BenchController] })
class BenchModule {}

serve(async (path) => {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(BenchModule, {
    transport: Transport.TCP,
    options: { port: path as unknown as number },
    logger: ['error', 'warn'],
  });
  await app.listen();
});
