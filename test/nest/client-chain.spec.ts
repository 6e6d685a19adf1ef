import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { lastValueFrom, type Observable } from 'rxjs';
import type { TtrpcClient } from '../../src/client/index.js';
import type { TtrpcStream } from '../../src/common/ttrpc-stream.js';
import { TtrpcMethod, TtrpcService } from '../../src/decorators/index.js';
import { InjectTtrpcService } from '../../src/decorators/inject-ttrpc-service.decorator.js';
import { TtrpcStatus } from '../../src/protocol/index.js';
import { TtrpcServer, type TtrpcContext } from '../../src/transport/index.js';
import { TtrpcClientsModule } from '../../src/client/index.js';
import {
  CLIENT_PROTO,
  ClientLab,
  readAll,
  type Answer,
  type AsyncLab,
  type Lab,
  type Question,
  type Seen,
} from '../support/client-lab.js';

/** Hands each call on to the lab's own server: a Nest handler that is a client. */
@TtrpcService('client.v1.Lab')
class Front {
  constructor(
    @InjectTtrpcService('BACK', 'client.v1.Lab') private readonly back: Lab,
    @InjectTtrpcService('BACK', 'client.v1.Lab', { async: true }) private readonly asyncBack: AsyncLab,
  ) {}

  @TtrpcMethod() look(request: Question, parent: TtrpcContext): Promise<Answer> {
    return this.asyncBack.look(request, { parent });
  }

  @TtrpcMethod() fail(request: Question, parent: TtrpcContext): Observable<Answer> {
    return this.back.fail(request, { parent });
  }

  @TtrpcMethod() wait(request: Question, parent: TtrpcContext): Promise<Answer> {
    return this.asyncBack.wait(request, { parent, dedicated: true });
  }

  @TtrpcMethod() count(request: Question, parent: TtrpcContext): AsyncIterable<Answer> {
    return this.asyncBack.count(request, { parent });
  }

  @TtrpcMethod() sum(parts: TtrpcStream<Question>, parent: TtrpcContext): Observable<Answer> {
    return this.back.sum(parts, { parent });
  }

  @TtrpcMethod() chat(lines: TtrpcStream<Question>, parent: TtrpcContext): AsyncIterable<Answer> {
    return this.asyncBack.chat(lines, { parent });
  }

  @TtrpcMethod() ask(request: Question): Promise<Answer> {
    return this.asyncBack.ask(request);
  }
}

let lab: ClientLab;
let app: INestMicroservice;
let client: TtrpcClient;
let proxy: AsyncLab;

beforeEach(async () => {
  lab = new ClientLab();
  await lab.start();
  const url = lab.folder.url('front.sock');
  const module = await Test.createTestingModule({
    imports: [
      TtrpcClientsModule.register([
        {
          name: 'BACK',
          url: lab.url,
          protoPath: CLIENT_PROTO,
          services: ['client.v1.Lab'],
          propagateMetadata: ['trace'],
        },
      ]),
    ],
    controllers: [Front],
  }).compile();
  app = module.createNestMicroservice({
    strategy: new TtrpcServer({ url, protoPath: CLIENT_PROTO, services: ['client.v1.Lab'], gracePeriodMs: 0 }),
    logger: false,
  });
  await app.listen();
  client = lab.client({ url });
  proxy = client.getAsyncService<AsyncLab>('client.v1.Lab');
});

afterEach(async () => {
  await client.close();
  await app.close();
  await lab.close();
});

describe('a handler that calls on', () => {
  it('hands on deadline and named metadata', async () => {
    const metadata = { trace: 'abc', secret: 'x' };
    const { text = '' } = await proxy.look({}, { timeoutMs: 60_000, metadata });
    const seen = JSON.parse(text) as Seen;
    expect(seen.metadata).toEqual({ trace: ['abc'] });
    expect(seen.leftMs).toBeGreaterThan(30_000);
    expect(seen.leftMs).toBeLessThanOrEqual(60_000);
  });

  it('hands on errors with their details', async () => {
    await expect(proxy.fail({ text: 'not here', number: 5 })).rejects.toMatchObject({
      code: TtrpcStatus.NOT_FOUND,
      message: 'not here',
      details: [{ typeUrl: 'type.googleapis.com/client.v1.Answer' }],
    });
  });

  it('hands on streams', async () => {
    expect(await proxy.sum([{ number: 1 }, { number: 2 }])).toEqual({ number: 3 });
    expect((await readAll(proxy.count({ number: 3 }))).values).toHaveLength(3);
    expect((await readAll(proxy.chat([{ text: 'a' }, { text: 'b' }]))).values).toEqual([{ text: 'A' }, { text: 'B' }]);
    expect(await lastValueFrom(client.getService<Lab>('Lab').ask({ number: 1 }))).toMatchObject({ number: 2 });
  });

  it('is cancelled with its own call', async () => {
    const controller = new AbortController();
    const call = proxy.wait({}, { signal: controller.signal, dedicated: true });
    await lab.until(() => lab.waits.length === 1);
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: TtrpcStatus.CANCELLED });
    await lab.until(() => lab.ended.length === 1);
    for await (const { number } of proxy.count({})) if (number === 3) break;
    await lab.until(() => lab.ended.length === 2);
    expect(lab.ended.map(({ aborted }) => aborted)).toEqual([TtrpcStatus.CANCELLED, TtrpcStatus.CANCELLED]);
  });

  it('ends with its own deadline', async () => {
    await expect(proxy.wait({}, { timeoutMs: 50 })).rejects.toMatchObject({ code: TtrpcStatus.DEADLINE_EXCEEDED });
    await lab.until(() => lab.ended.length === 1);
  });
});
