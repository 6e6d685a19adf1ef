import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Param, Req, UseFilters, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  abortSignalOf,
  InjectTtrpcService,
  TtrpcClientsModule,
  TtrpcException,
  TtrpcMethod,
  TtrpcService,
  TtrpcStatus,
  TtrpcToHttpExceptionFilter,
  type TtrpcCallOptions,
  type TtrpcContext,
} from '../../src/index.js';
import { createTtrpcTestingApp, type TtrpcTestingApp } from '../../src/testing/index.js';
import { deferred, type Deferred } from '../support/deferred.js';
import { LAB_PROTO, type Message } from '../support/nest-lab.js';

interface AsyncLab {
  ask(request: Message, options?: TtrpcCallOptions): Promise<Message>;
}

let started: Deferred<void>;
let cancelled: Deferred<unknown>;

@TtrpcService('lab.v1.Lab')
class LabController {
  @TtrpcMethod()
  async ask({ text, number }: Message, { signal }: TtrpcContext): Promise<Message> {
    if (text === 'fail') throw new TtrpcException(number ?? 2, 'no such job');
    if (text !== 'wait') return { text: `hello ${text}` };
    started.resolve();
    await once(signal, 'abort');
    cancelled.resolve(signal.reason);
    throw signal.reason as Error;
  }
}

@Controller()
@UseFilters(TtrpcToHttpExceptionFilter)
class Gateway {
  constructor(@InjectTtrpcService('LAB', 'lab.v1.Lab', { async: true }) private readonly lab: AsyncLab) {}

  @Get('hello/:text')
  hello(@Param('text') text: string, @Req() request: object): Promise<Message> {
    return this.lab.ask({ text }, { signal: abortSignalOf(request), dedicated: true });
  }

  @Get('fail/:code')
  fail(@Param('code') code: string): Promise<Message> {
    return this.lab.ask({ text: 'fail', number: Number(code) });
  }
}

let service: TtrpcTestingApp;
let app: INestApplication;
let url: string;

beforeEach(async () => {
  started = deferred();
  cancelled = deferred();
  service = await createTtrpcTestingApp({ controllers: [LabController], protoPath: LAB_PROTO });
  const client = { name: 'LAB', url: service.url, protoPath: LAB_PROTO, services: ['lab.v1.Lab'] };
  const module = await Test.createTestingModule({
    imports: [TtrpcClientsModule.register([client])],
    controllers: [Gateway],
  }).compile();
  app = module.createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
  url = `http://127.0.0.1:${port}`;
});

afterEach(async () => {
  await app.close();
  await service.close();
});

describe('an HTTP gateway', () => {
  it('hands a response on', async () => {
    const response = await fetch(`${url}/hello/Ada`);
    expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ text: 'hello Ada' })]);
  });

  it.each([
    [TtrpcStatus.NOT_FOUND, 404, 'no such job', 'NOT_FOUND'],
    [TtrpcStatus.INVALID_ARGUMENT, 400, 'no such job', 'INVALID_ARGUMENT'],
    [TtrpcStatus.INTERNAL, 500, 'Internal server error', 'INTERNAL'],
    [TtrpcStatus.UNAVAILABLE, 503, 'Service unavailable', 'UNAVAILABLE'],
  ])('answers code %i with %i', async (code, statusCode, message, error) => {
    const response = await fetch(`${url}/fail/${code}`);
    expect([response.status, await response.json()]).toEqual([statusCode, { statusCode, message, error }]);
  });

  it('an HTTP request that is aborted cancels the handler behind it', async () => {
    const request = httpRequest(`${url}/hello/wait`);
    request.on('error', () => undefined);
    request.end();
    await started.promise;
    request.destroy();
    expect(await cancelled.promise).toMatchObject({ code: TtrpcStatus.CANCELLED });
  });
});

describe('abortSignalOf', () => {
  it('refuses what is not a request', () => {
    for (const value of [null, undefined, {}, { raw: {} }]) {
      expect(() => abortSignalOf(value as never)).toThrow('abortSignalOf: expected the request of an HTTP handler');
    }
  });
});
