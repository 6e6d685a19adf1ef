import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  InjectTtrpcService,
  loadSchema,
  TtrpcClient,
  TtrpcClientsModule,
  TtrpcMethod,
  TtrpcServer,
  TtrpcService,
  TtrpcStatus,
  type TtrpcClientRegistration,
  type TtrpcContext,
  type TtrpcStream,
} from '../../src/index.js';
import { createLabApp, LAB_PROTO, type Message } from '../support/nest-lab.js';

interface AsyncLab {
  ask(request: Message, options?: { timeoutMs?: number }): Promise<Message>;
  count(request: Message): AsyncIterable<Message>;
  sum(requests: Iterable<Message>): Promise<Message>;
  chat(requests: Iterable<Message>): AsyncIterable<Message>;
}

@TtrpcService('lab.v1.Lab')
class LabController {
  @TtrpcMethod()
  ask({ text }: Message, { peer }: TtrpcContext): Message {
    return { text: `${text} over ${peer.address}` };
  }

  @TtrpcMethod()
  *count({ number = 0 }: Message): Iterable<Message> {
    for (let i = 1; i <= number; i++) yield { number: i };
  }

  @TtrpcMethod()
  async sum(parts: TtrpcStream<Message>): Promise<Message> {
    let sum = 0;
    for await (const { number = 0 } of parts) sum += number;
    return { number: sum };
  }

  @TtrpcMethod()
  async *chat(lines: TtrpcStream<Message>): AsyncIterable<Message> {
    for await (const { text } of lines) yield { text: text?.toUpperCase() ?? '' };
  }
}

@Injectable()
class User {
  constructor(@InjectTtrpcService('LAB', 'lab.v1.Lab', { async: true }) readonly lab: AsyncLab) {}
}

const closing: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

async function start(url?: string): Promise<void> {
  const server = new TtrpcServer({ url, protoPath: LAB_PROTO, services: ['Lab'] });
  const app = await createLabApp(server, { controllers: [LabController] });
  closing.push(app);
  await app.listen();
}

async function use(registration: Omit<TtrpcClientRegistration, 'name'>): Promise<User> {
  const module: TestingModule = await Test.createTestingModule({
    imports: [TtrpcClientsModule.register([{ name: 'LAB', services: ['lab.v1.Lab'], ...registration }])],
    providers: [User],
  }).compile();
  closing.push(module);
  await module.init();
  return module.get(User);
}

async function all(messages: AsyncIterable<Message>): Promise<Message[]> {
  const list: Message[] = [];
  for await (const message of messages) list.push(message);
  return list;
}

async function expectAllShapes({ lab }: User, address: string): Promise<void> {
  expect(await lab.ask({ text: 'hello' })).toMatchObject({ text: `hello over ${address}` });
  expect((await all(lab.count({ number: 3 }))).map(({ number }) => number)).toEqual([1, 2, 3]);
  expect(await lab.sum([{ number: 1 }, { number: 2 }])).toMatchObject({ number: 3 });
  expect((await all(lab.chat([{ text: 'a' }, { text: 'b' }]))).map(({ text }) => text)).toEqual(['A', 'B']);
}

describe('within one process', () => {
  it('a server and a client of one memory: address speak the whole protocol', async () => {
    await start('memory:lab');
    await expectAllShapes(await use({ url: 'memory:lab', protoPath: LAB_PROTO }), 'memory:lab');
  });

  it('local: true finds the server that serves its services', async () => {
    await start();
    await expectAllShapes(await use({ local: true, protoPath: LAB_PROTO }), 'memory:local');
  });

  it('local: true takes its schema from descriptors among its services', async () => {
    await start('memory:lab');
    const descriptor = loadSchema({ protoPath: LAB_PROTO }).resolve('Lab');
    const user = await use({ local: true, services: [descriptor] });
    await expectAllShapes(user, 'memory:local');
  });

  it('a local client without a server is UNAVAILABLE, and can wait for one', async () => {
    const { lab } = await use({ local: true, protoPath: LAB_PROTO });
    await expect(lab.ask({})).rejects.toMatchObject({
      code: TtrpcStatus.UNAVAILABLE,
      message: 'no TtrpcServer of this process listens and serves lab.v1.Lab',
    });
    const reconnect = { initialMs: 1, maxMs: 1 };
    const waiting = await use({ local: true, protoPath: LAB_PROTO, waitForReady: true, reconnect });
    const call = waiting.lab.ask({ text: 'late' });
    await start('memory:lab');
    expect(await call).toMatchObject({ text: 'late over memory:local' });
  });

  it('two servers with the services of a local client are an error that says what to write', async () => {
    await start('memory:one');
    await start('memory:two');
    const { lab } = await use({ local: true, protoPath: LAB_PROTO });
    await expect(lab.ask({})).rejects.toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: expect.stringContaining(
        "2 TtrpcServers of this process serve lab.v1.Lab: give the one you mean url: 'memory:name'",
      ),
    });
  });

  it('two servers of one memory: address: the second one does not start', async () => {
    await start('memory:lab');
    await expect(start('memory:lab')).rejects.toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: 'cannot listen on memory:lab: another server of this process has that name',
    });
  });

  it.each([
    [{ local: true, url: 'memory:x' }, 'client LAB: local: true takes no url; leave one of the two out'],
    [{ local: true, services: [] }, 'client LAB: local: true needs services, by which its server is found'],
  ])('%j is refused', async (registration, why) => {
    await expect(use({ protoPath: LAB_PROTO, ...registration })).rejects.toThrow(why);
  });

  it('a client of a memory: address nobody serves is UNAVAILABLE', async () => {
    const client = new TtrpcClient({ url: 'memory:nobody', protoPath: LAB_PROTO });
    closing.push(client);
    await expect(client.getAsyncService<AsyncLab>('lab.v1.Lab').ask({})).rejects.toMatchObject({
      code: TtrpcStatus.UNAVAILABLE,
      message: 'cannot connect to memory:nobody: no server of this process has that name (ECONNREFUSED)',
    });
  });

  it('a client of a memory: address that nobody serves yet can wait for it, up to its deadline', async () => {
    const reconnect = { initialMs: 1, maxMs: 1 };
    const late = await use({ url: 'memory:late', protoPath: LAB_PROTO, waitForReady: true, reconnect });
    await expect(late.lab.ask({}, { timeoutMs: 20 })).rejects.toMatchObject({
      code: TtrpcStatus.DEADLINE_EXCEEDED,
      message: expect.stringContaining('no server of this process has that name'),
    });
    const call = late.lab.ask({ text: 'late' });
    await start('memory:late');
    expect(await call).toMatchObject({ text: 'late over memory:late' });
  });
});
