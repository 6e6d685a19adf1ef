import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, jest } from '@jest/globals';
import { Controller, Logger, type INestMicroservice } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, type MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { from, lastValueFrom, type Observable } from 'rxjs';
import {
  TtrpcGrpcClient,
  TtrpcGrpcMetadata,
  TtrpcGrpcServer,
  type TtrpcGrpcCall,
  type TtrpcGrpcStream,
} from '../../src/grpc/index.js';

const schema = { package: 'hero', protoPath: fileURLToPath(new URL('hero.proto', import.meta.url)) };

@Controller()
class Metadata {
  @GrpcMethod('HeroService', 'FindOne')
  findOne(_data: object, _metadata: TtrpcGrpcMetadata, call: TtrpcGrpcCall): object {
    call.sendMetadata(new TtrpcGrpcMetadata());
    return { id: 1, name: 'John' };
  }

  @GrpcStreamCall('HelloService', 'LotsOfGreetings')
  lotsOfGreetings(
    stream: TtrpcGrpcStream,
    callback: (error: unknown, value: object, trailers: TtrpcGrpcMetadata) => void,
  ): void {
    stream.on('data', () => undefined);
    stream.on('end', () => callback(null, { reply: 'done' }, new TtrpcGrpcMetadata()));
  }
}

let app: INestMicroservice | undefined;
let client: TtrpcGrpcClient | undefined;
afterEach(async () => {
  await client?.close();
  await app?.close();
  jest.restoreAllMocks();
});

it('warns once of what ttrpc does not carry, however many calls send it', async () => {
  const warnings: string[] = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => void warnings.push(String(line)));
  const module = await Test.createTestingModule({ controllers: [Metadata] }).compile();
  const strategy = new TtrpcGrpcServer({ url: 'memory:not-carried', ...schema });
  app = module.createNestMicroservice<MicroserviceOptions>({ strategy, logger: false } as never);
  await app.listen();
  client = new TtrpcGrpcClient({ url: 'memory:not-carried', ...schema });
  const heroes = client.getService<{ findOne(data: object): Observable<object> }>('HeroService');
  const hello = client.getService<{ lotsOfGreetings(data: Observable<object>): Observable<object> }>('HelloService');
  for (let call = 0; call < 3; call++) {
    expect(await lastValueFrom(heroes.findOne({ id: 1 }))).toMatchObject({ name: 'John' });
    expect(await lastValueFrom(hello.lotsOfGreetings(from([{ greeting: 'hi' }])))).toEqual({ reply: 'done' });
  }
  expect(warnings.filter((line) => line.includes('ttrpc does not carry'))).toEqual([
    'ttrpc does not carry metadata of a response (sendMetadata): ignored (docs/grpc.md has the differences)',
    'ttrpc does not carry trailers: ignored (docs/grpc.md has the differences)',
  ]);
});
