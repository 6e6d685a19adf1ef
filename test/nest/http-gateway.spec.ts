import { once } from 'node:events';
import { request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Param, Req, Res, UseFilters, type INestApplication } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
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
let kept: AbortSignal | undefined;

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

  @Get('kept/:text')
  kept(@Param('text') text: string, @Req() request: object): Promise<Message> {
    kept = abortSignalOf(request);
    return this.lab.ask({ text }, { signal: kept });
  }

  @Get('begun')
  async begun(@Res() response: { raw?: ServerResponse }): Promise<void> {
    const raw = response.raw ?? (response as unknown as ServerResponse);
    raw.writeHead(200, { 'content-length': 100 });
    raw.write('some');
    await this.lab.ask({ text: 'fail', number: TtrpcStatus.NOT_FOUND });
  }

  @Get('fail/:code')
  fail(@Param('code') code: string): Promise<Message> {
    return this.lab.ask({ text: 'fail', number: Number(code) });
  }
}

let service: TtrpcTestingApp;
let app: INestApplication;
let url: string;

const ADAPTERS: [string, () => AbstractHttpAdapter][] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];

async function start(adapter: AbstractHttpAdapter): Promise<void> {
  started = deferred();
  cancelled = deferred();
  service = await createTtrpcTestingApp({ controllers: [LabController], protoPath: LAB_PROTO });
  const client = { name: 'LAB', url: service.url, protoPath: LAB_PROTO, services: ['lab.v1.Lab'] };
  const module = await Test.createTestingModule({
    imports: [TtrpcClientsModule.register([client])],
    controllers: [Gateway],
  }).compile();
  app = module.createNestApplication(adapter, { logger: false });
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
  url = `http://127.0.0.1:${port}`;
}

describe.each(ADAPTERS)('an HTTP gateway on %s', (_name, adapter) => {
  beforeEach(() => start(adapter()));
  afterEach(async () => {
    await app.close();
    await service.close();
  });

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

  it('ends a response that has begun when a call fails, and goes on', async () => {
    const failed = await fetch(`${url}/begun`)
      .then((response) => response.text())
      .catch(() => 'cut');
    expect(failed).toBe('cut');
    expect((await fetch(`${url}/hello/Ada`)).status).toBe(200);
  });

  it('an HTTP request that ends well cancels nothing', async () => {
    await (await fetch(`${url}/kept/Ada`)).text();
    await (await fetch(`${url}/hello/Ada`)).text();
    expect(kept?.aborted).toBe(false);
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
