import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Catch,
  Get,
  type ArgumentsHost,
  type ExceptionFilter,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { MessagePattern, Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { throwError, type Observable } from 'rxjs';
import { connect, type RawClient } from '../../src/protocol/index.js';
import { TtrpcException, TtrpcMethod, TtrpcServer, TtrpcService, TtrpcStatus } from '../../src/index.js';
import { LAB_PROTO, type Message } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';

let folder: TempFolder;
let app: INestApplication | undefined;
let client: RawClient | undefined;

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(async () => {
  client?.close();
  client = undefined;
  await app?.close();
  app = undefined;
  expect(folder.list()).toEqual([]);
  folder.remove();
});

@TtrpcService('lab.v1.Lab')
class LabController {
  @TtrpcMethod() ask(request: Message): Message {
    if (request.text === 'bad') throw new BadRequestException('bad');
    return { text: `lab ${request.text}` };
  }

  @Get('lab') http(): string {
    return 'http';
  }

  @Get('bad') httpBad(): string {
    throw new BadRequestException('bad');
  }

  @MessagePattern('ask', Transport.TCP) tcp(): string {
    return 'tcp';
  }
}

@TtrpcService('lab.v1.Other')
class OtherController {
  @TtrpcMethod() ask(request: Message): Message {
    return { text: `other ${request.text}` };
  }
}

async function create(controllers: Type[]): Promise<INestApplication> {
  const module = await Test.createTestingModule({ controllers }).compile();
  app = module.createNestApplication({ logger: false });
  return app;
}

const question = (text: string): Uint8Array => Buffer.concat([Buffer.from([10, text.length]), Buffer.from(text)]);

async function ask(service: string, text: string, url = folder.url()): Promise<string> {
  client?.close();
  client = await connect(url);
  return Buffer.from(await client.call(service, 'Ask', question(text)))
    .subarray(2)
    .toString();
}

async function get(path: string): Promise<{ status: number; body: string }> {
  const url = (await app?.getUrl()) ?? '';
  const response = await fetch(`${url.replace('[::1]', '127.0.0.1')}/${path}`);
  return { status: response.status, body: await response.text() };
}

describe('connectMicroservice beside HTTP', () => {
  it('both are served by one controller, each with its own errors', async () => {
    const hybrid = await create([LabController]);
    hybrid.connectMicroservice<MicroserviceOptions>({
      strategy: new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO, services: ['Lab'] }),
    });
    await hybrid.startAllMicroservices();
    await hybrid.listen(0, '127.0.0.1');
    expect(await ask('lab.v1.Lab', 'hi')).toBe('lab hi');
    await expect(ask('lab.v1.Lab', 'bad')).rejects.toMatchObject({
      code: TtrpcStatus.INVALID_ARGUMENT,
      message: 'bad',
    });
    expect(await get('lab')).toEqual({ status: 200, body: 'http' });
    expect(await get('bad')).toMatchObject({ status: 400, body: expect.stringContaining('"message":"bad"') });
  });

  describe('global filters', () => {
    @Catch(BadRequestException)
    class Filter implements ExceptionFilter {
      catch(_exception: BadRequestException, host: ArgumentsHost): Observable<never> {
        return throwError(() => new TtrpcException(TtrpcStatus.OUT_OF_RANGE, `filtered ${host.getType()}`));
      }
    }

    it.each([true, false])('apply when they are inherited: %s', async (inheritAppConfig) => {
      const hybrid = await create([LabController]);
      hybrid.useGlobalFilters(new Filter());
      hybrid.connectMicroservice<MicroserviceOptions>(
        { strategy: new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO, services: ['Lab'] }) },
        { inheritAppConfig },
      );
      await hybrid.startAllMicroservices();
      await hybrid.init();
      await expect(ask('lab.v1.Lab', 'bad')).rejects.toMatchObject(
        inheritAppConfig
          ? { code: TtrpcStatus.OUT_OF_RANGE, message: 'filtered rpc' }
          : { code: TtrpcStatus.INVALID_ARGUMENT, message: 'bad' },
      );
    });
  });
});

describe('global pipes of a connected microservice', () => {
  it.each([true, false])('apply; the configuration is inherited: %s', async (inheritAppConfig) => {
    const hybrid = await create([LabController]);
    const microservice = hybrid.connectMicroservice<MicroserviceOptions>(
      { strategy: new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO, services: ['Lab'] }) },
      { inheritAppConfig, deferInitialization: true },
    );
    microservice.useGlobalPipes({ transform: ({ text }: Message) => ({ text: `piped ${text}` }) });
    await hybrid.startAllMicroservices();
    await hybrid.init();
    expect(await ask('lab.v1.Lab', 'hi')).toBe('lab piped hi');
  });
});

describe('two ttrpc servers in one application', () => {
  it('each serves its services; a handler is wrong only if none serves it', async () => {
    const hybrid = await create([LabController, OtherController]);
    for (const name of ['Lab', 'Other']) {
      hybrid.connectMicroservice<MicroserviceOptions>({
        strategy: new TtrpcServer({ url: folder.url(`${name}.sock`), protoPath: LAB_PROTO, services: [name] }),
      });
    }
    await hybrid.startAllMicroservices();
    await hybrid.init();
    expect(await ask('lab.v1.Lab', 'hi', folder.url('Lab.sock'))).toBe('lab hi');
    expect(await ask('lab.v1.Other', 'hi', folder.url('Other.sock'))).toBe('other hi');
    await expect(ask('lab.v1.Other', 'hi', folder.url('Lab.sock'))).rejects.toMatchObject({
      message: 'service lab.v1.Other',
    });
  });

  it('and one that none serves is an error', async () => {
    const hybrid = await create([LabController, OtherController]);
    for (const name of ['a', 'b']) {
      hybrid.connectMicroservice<MicroserviceOptions>({
        strategy: new TtrpcServer({ url: folder.url(name), protoPath: LAB_PROTO, services: ['Lab'] }),
      });
    }
    await expect(hybrid.startAllMicroservices()).rejects.toThrow(
      'OtherController.ask: service lab.v1.Other is not among the `services` of this server',
    );
  });
});
