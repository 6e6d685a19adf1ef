import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Controller, type INestMicroservice, type Type } from '@nestjs/common';
import { GrpcMethod, GrpcStreamMethod, type MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { lastValueFrom, type Observable } from 'rxjs';
import { TtrpcMethod, TtrpcService } from '../../src/index.js';
import { TtrpcGrpcClient, TtrpcGrpcServer, type TtrpcGrpcServerOptions } from '../../src/grpc/index.js';
import { TempFolder } from '../support/temp-folder.js';

const PROTO = fileURLToPath(new URL('hero.proto', import.meta.url));

let folder: TempFolder;
let app: INestMicroservice | undefined;
let client: TtrpcGrpcClient | undefined;

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(async () => {
  await client?.close();
  await app?.close();
  client = app = undefined;
  folder.close();
});

async function start(controllers: Type[], options: Partial<TtrpcGrpcServerOptions> = {}): Promise<void> {
  const module = await Test.createTestingModule({ controllers }).compile();
  const strategy = new TtrpcGrpcServer({ url: folder.url(), package: 'hero', protoPath: PROTO, ...options });
  app = module.createNestMicroservice<MicroserviceOptions>({ strategy, logger: false } as never);
  await app.listen();
  client = new TtrpcGrpcClient({ url: folder.url(), package: 'hero', protoPath: PROTO });
}

interface Heroes {
  findOne(data: { id: number }): Observable<{ name: string }>;
}

const findOne = (service = 'HeroService'): Promise<{ name: string }> =>
  lastValueFrom((client as TtrpcGrpcClient).getService<Heroes>(service).findOne({ id: 1 }));

@Controller()
class Villains {
  @GrpcMethod('VillainService', 'FindOne')
  findOne(): object {
    return {};
  }
}

@Controller()
class HeroService {
  @GrpcMethod()
  findOne(): object {
    return { name: 'John' };
  }
}

it('refuses a gRPC controller whose service is not in the schema', async () => {
  await expect(start([Villains])).rejects.toMatchObject({
    code: 3,
    message: expect.stringMatching(
      /^@GrpcMethod\('VillainService', 'FindOne'\): service 'VillainService' is not in the schema: it has hero.HeroService/,
    ) as unknown,
  });
});

it("serves beside services of others with otherServices: 'ignore'", async () => {
  await start([Villains, HeroService], { otherServices: 'ignore' });
  await expect(findOne()).resolves.toEqual({ name: 'John' });
  await expect(findOne('hero.HeroService')).resolves.toEqual({ name: 'John' });
});

it('refuses an rpc that the service does not have', async () => {
  @Controller()
  class Typo {
    @GrpcMethod('HeroService', 'FindOn')
    findOne(): object {
      return {};
    }
  }
  await expect(start([Typo])).rejects.toThrow(/service hero.HeroService has no rpc FindOn.*FindOne/);
});

it('refuses a decorator that does not fit the streams of the rpc', async () => {
  @Controller()
  class NoStream {
    @GrpcMethod('HeroService', 'FindMany')
    findMany(): object {
      return {};
    }
  }
  @Controller()
  class Stream {
    @GrpcStreamMethod('HeroService', 'FindOne')
    findOne(): object {
      return {};
    }
  }
  await expect(start([NoStream])).rejects.toThrow(
    "@GrpcMethod('HeroService', 'FindMany'): FindMany of HeroService takes a stream of requests: write @GrpcStreamMethod()",
  );
  await app?.close();
  await expect(start([Stream])).rejects.toThrow('FindOne of HeroService takes one request: write @GrpcMethod()');
});

it('prefers a @TtrpcMethod handler, also on the same method', async () => {
  @TtrpcService('hero.HeroService')
  class Both {
    @GrpcMethod('HeroService', 'FindOne')
    @TtrpcMethod()
    findOne(_request: unknown, context: object): object {
      return { name: context.constructor.name };
    }
  }
  await start([Both]);
  await expect(findOne()).resolves.toEqual({ name: 'TtrpcContext' });
});

it('names options that are wrong', () => {
  const options = { url: folder.url(), package: 'hero', protoPath: PROTO };
  expect(() => new TtrpcGrpcServer({ ...options, otherServices: 'no' as never })).toThrow(
    /otherServices: expected 'error' or 'ignore'/,
  );
  expect(() => new TtrpcGrpcServer({ ...options, packageDefinition: {} } as never)).toThrow(
    /packageDefinition: expected/,
  );
  expect(() => new TtrpcGrpcClient({ ...options, package: 'heroes' })).toThrow(/package 'heroes' is not in the schema/);
});

it('names a service that is not in the schema of a client', async () => {
  client = new TtrpcGrpcClient({ url: folder.url(), package: 'hero', protoPath: PROTO });
  expect(() => (client as TtrpcGrpcClient).getService('HeroServise')).toThrow(/Did you mean .*HeroService/);
  expect(() => (client as TtrpcGrpcClient).getClientByServiceName('HeroService')).toThrow(/use getService/);
  await expect(findOne()).rejects.toMatchObject({ code: 14, details: expect.any(String) as unknown });
});
