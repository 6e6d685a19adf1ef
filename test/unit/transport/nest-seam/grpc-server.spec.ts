import { describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { TtrpcGrpcCall, TtrpcGrpcMetadata, TtrpcGrpcServer } from 'nestjs-ttrpc/grpc';
import { bytes, SEAM, SeamLab, text } from './lab.js';

const lab = new SeamLab();

describe("the strategy for controllers of Nest's gRPC transport", () => {
  it('counts as ServerGrpc: a handler without parameter decorators gets metadata and call', async () => {
    @Controller()
    class Greeter {
      @GrpcMethod('Seam', 'Ask')
      ask(data: Uint8Array, metadata: unknown, call: unknown): Uint8Array {
        return bytes(`${text(data)} ${metadata instanceof TtrpcGrpcMetadata} ${call instanceof TtrpcGrpcCall}`);
      }
    }
    await lab.startWith(Greeter, new TtrpcGrpcServer({ url: lab.url, descriptors: [SEAM] }));
    expect(await lab.ask('hi')).toBe('hi true true');
  });
});
