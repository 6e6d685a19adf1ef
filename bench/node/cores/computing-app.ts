import 'reflect-metadata';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { TtrpcMethod, TtrpcServer, TtrpcService } from 'nestjs-ttrpc';
import { PROTO_PATH, SERVICE, type Echo } from '../messages.js';

/** Serves bench.v1.Bench at `path` with a controller whose Unary computes by `compute`; what it gives is not looked at. */
export async function serveComputing(path: string, compute: (seed: number) => unknown): Promise<void> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(moduleWith(compute), {
    strategy: new TtrpcServer({ url: `unix://${path}`, protoPath: PROTO_PATH }),
    logger: ['error', 'fatal'],
  });
  await app.listen();
}

function moduleWith(compute: (seed: number) => unknown): Type {
  @TtrpcService(SERVICE)
  class ComputingController {
    @TtrpcMethod()
    unary(request: Echo): Echo | Promise<Echo> {
      const computed = compute(request.value);
      return computed instanceof Promise ? computed.then(() => request) : request;
    }

    /** For warming up: computes nothing. */
    @TtrpcMethod()
    guarded(request: Echo): Echo {
      return request;
    }
  }
  @Module({ controllers: [ComputingController] })
  class ComputingModule {}
  return ComputingModule;
}
