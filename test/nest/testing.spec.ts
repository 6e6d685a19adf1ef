import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type CanActivate } from '@nestjs/common';
import {
  loadSchema,
  TtrpcClient,
  TtrpcContext,
  TtrpcException,
  TtrpcMethod,
  TtrpcService,
  TtrpcStatus,
  type TtrpcStream,
} from '../../src/index.js';
import { createTtrpcTestingApp, fakeTtrpcContext, fakeTtrpcService, type FakeScript } from '../../src/testing/index.js';
import { turns } from '../support/deferred.js';
import { LAB_PROTO, type Message } from '../support/nest-lab.js';

interface AsyncLab {
  ask(request: Message, options?: { metadata?: Record<string, string>; signal?: AbortSignal }): Promise<Message>;
  count(request: Message): AsyncIterable<Message>;
  sum(requests: Iterable<Message>): Promise<Message>;
  chat(requests: Iterable<Message>): AsyncIterable<Message>;
}

@Injectable()
class Words {
  greeting = 'hello';
}

@TtrpcService('lab.v1.Lab')
class LabController {
  constructor(private readonly words: Words) {}

  @TtrpcMethod()
  ask({ text }: Message, { metadata }: TtrpcContext): Message {
    return { text: `${this.words.greeting} ${text}, ${metadata.get('who')}` };
  }

  @TtrpcMethod()
  async sum(parts: TtrpcStream<Message>): Promise<Message> {
    let sum = 0;
    for await (const { number = 0 } of parts) sum += number;
    return { number: sum };
  }
}

const service = loadSchema({ protoPath: LAB_PROTO }).resolve('lab.v1.Lab');
const closing: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

async function all(messages: AsyncIterable<Message>): Promise<Message[]> {
  const list: Message[] = [];
  for await (const message of messages) list.push(message);
  return list;
}

describe('createTtrpcTestingApp', () => {
  const parts = { controllers: [LabController], providers: [Words], protoPath: LAB_PROTO };

  it('gives an application, its client and the proxies, and closes all of them', async () => {
    const app = await createTtrpcTestingApp(parts);
    closing.push(app);
    const lab = app.getAsyncService<AsyncLab>('lab.v1.Lab');
    expect(await lab.ask({ text: 'Ada' }, { metadata: { who: 'me' } })).toMatchObject({ text: 'hello Ada, me' });
    expect(await lab.sum([{ number: 1 }, { number: 2 }])).toMatchObject({ number: 3 });
    expect(app.get(Words).greeting).toBe('hello');
    expect(app.url).toMatch(/^memory:/);
    expect(app.server.connectionCount).toBe(2);
    await app.close();
    expect(app.server.connectionCount).toBe(0);
    await expect(lab.ask({})).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
  });

  it('overrides providers, and lets the test change the application', async () => {
    class Nobody implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }
    const app = await createTtrpcTestingApp({
      ...parts,
      override: (builder) => builder.overrideProvider(Words).useValue({ greeting: 'bye' }),
    });
    closing.push(app);
    const lab = app.getAsyncService<AsyncLab>('lab.v1.Lab');
    expect(await lab.ask({ text: 'Ada' })).toMatchObject({ text: 'bye Ada, undefined' });
    const closed = await createTtrpcTestingApp({ ...parts, prepare: (each) => each.useGlobalGuards(new Nobody()) });
    closing.push(closed);
    await expect(closed.getAsyncService<AsyncLab>('lab.v1.Lab').ask({})).rejects.toMatchObject({
      code: TtrpcStatus.PERMISSION_DENIED,
    });
  });

  it('takes its schema from the descriptors of its controllers', async () => {
    @TtrpcService(service)
    class Described {
      @TtrpcMethod()
      ask({ text }: Message): Message {
        return { text: `described ${text}` };
      }
    }
    const app = await createTtrpcTestingApp({ controllers: [Described] });
    closing.push(app);
    const lab = app.getAsyncService(service) as unknown as AsyncLab;
    expect(await lab.ask({ text: 'Ada' })).toMatchObject({ text: 'described Ada' });
  });

  it('fails as the application would, and leaves nothing open', async () => {
    @TtrpcService('lab.v1.Lab')
    class Wrong {
      @TtrpcMethod()
      askk(): Message {
        return {};
      }
    }
    await expect(createTtrpcTestingApp({ controllers: [Wrong], protoPath: LAB_PROTO })).rejects.toMatchObject({
      code: TtrpcStatus.INVALID_ARGUMENT,
      message: expect.stringContaining("Did you mean 'Ask'"),
    });
  });
});

describe('fakeTtrpcContext', () => {
  it('is a TtrpcContext with what the test says', () => {
    const deadline = new Date(1);
    const abort = new AbortController();
    const context = fakeTtrpcContext({ metadata: { who: 'me' }, deadline, signal: abort.signal, method: 'Ask' });
    expect(context).toBeInstanceOf(TtrpcContext);
    expect(new LabController(new Words()).ask({ text: 'Ada' }, context)).toEqual({ text: 'hello Ada, me' });
    expect([context.deadline, context.method, context.service]).toEqual([deadline, 'Ask', 'test.Service']);
    abort.abort();
    expect(context.signal.aborted).toBe(true);
  });

  it('packs the types of its schema, and those of google.rpc without one', () => {
    const context = fakeTtrpcContext({ schema: { protoPath: LAB_PROTO } });
    expect(context.unpack(context.pack('lab.v1.Answer', { text: 'x' }))).toMatchObject({ text: 'x' });
    const bare = fakeTtrpcContext();
    expect(bare.unpack(bare.pack('google.rpc.ErrorInfo', { reason: 'R' }))).toMatchObject({ reason: 'R' });
    expect(() => bare.pack('lab.v1.Answer', {})).toThrow('lab.v1.Answer');
    expect([bare.deadline, bare.signal.aborted, bare.metadata.get('x')]).toEqual([undefined, false, undefined]);
  });
});

describe('fakeTtrpcService', () => {
  async function start(
    script: FakeScript,
  ): Promise<{ lab: AsyncLab; fake: Awaited<ReturnType<typeof fakeTtrpcService>> }> {
    const fake = await fakeTtrpcService(service, script);
    const client = new TtrpcClient({ url: fake.url, protoPath: LAB_PROTO });
    closing.push(fake, client);
    return { lab: client.getAsyncService<AsyncLab>('lab.v1.Lab'), fake };
  }

  it('responds as the script says, call by call, and notes the calls', async () => {
    const { lab, fake } = await start({
      ask: [
        { text: 'first' },
        new TtrpcException(TtrpcStatus.NOT_FOUND, 'no such job', [{ typeUrl: 'x/y', value: new Uint8Array([1]) }]),
        ({ text }: Message) => ({ text: `third ${text}` }),
        new Error('a fault'),
      ],
    });
    expect(await lab.ask({ text: 'a' }, { metadata: { who: 'me' } })).toMatchObject({ text: 'first' });
    await expect(lab.ask({})).rejects.toMatchObject({
      code: TtrpcStatus.NOT_FOUND,
      message: 'no such job',
      details: [{ typeUrl: 'x/y' }],
    });
    expect(await lab.ask({ text: 'c' })).toMatchObject({ text: 'third c' });
    await expect(lab.ask({})).rejects.toMatchObject({
      code: TtrpcStatus.UNKNOWN,
      message: expect.stringContaining('a fault'),
    });
    await expect(lab.ask({})).rejects.toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: 'the script of lab.v1.Lab/Ask has 4 outcomes; this is call 5',
    });
    expect(fake.callsOf('ask').map(({ requests }) => (requests[0] as Message).text ?? '')).toEqual([
      'a',
      '',
      'c',
      '',
      '',
    ]);
    expect(fake.calls[0]?.metadata.get('who')).toBe('me');
  });

  it('streams both ways', async () => {
    const { lab, fake } = await start({
      Count: [[{ number: 1 }, { number: 2 }, new TtrpcException(TtrpcStatus.ABORTED, 'cut')]],
      sum: [{ number: 3 }],
      chat: async function* (lines: AsyncIterable<Message>) {
        for await (const { text } of lines) yield { text: text?.toUpperCase() };
      },
    });
    const seen: (number | undefined)[] = [];
    const count = (async () => {
      for await (const { number } of lab.count({ number: 9 })) seen.push(number);
    })();
    await expect(count).rejects.toMatchObject({ code: TtrpcStatus.ABORTED, message: 'cut' });
    expect(seen).toEqual([1, 2]);
    expect(await lab.sum([{ number: 1 }, { number: 2 }])).toMatchObject({ number: 3 });
    expect(fake.callsOf('sum')[0]?.requests).toMatchObject([{ number: 1 }, { number: 2 }]);
    expect((await all(lab.chat([{ text: 'a' }, { text: 'b' }]))).map(({ text }) => text)).toEqual(['A', 'B']);
    expect(fake.callsOf('chat')[0]?.requests).toMatchObject([{ text: 'a' }, { text: 'b' }]);
  });

  it('shows a test that its client has cancelled, and what has no script is UNIMPLEMENTED', async () => {
    const { lab, fake } = await start({ ask: [() => new Promise(() => undefined)] });
    await expect(lab.sum([])).rejects.toMatchObject({ code: TtrpcStatus.UNIMPLEMENTED });
    const abort = new AbortController();
    const options = { signal: abort.signal, dedicated: true };
    const call = lab.ask({}, options);
    call.catch(() => undefined);
    while (fake.calls.length === 0) await turns(1);
    abort.abort();
    await expect(call).rejects.toMatchObject({ code: TtrpcStatus.CANCELLED });
    while (!fake.calls[0]?.signal.aborted) await turns(1);
  });

  it.each([
    [{ askk: [] }, "the script has 'askk', but lab.v1.Lab has Ask, Count, Sum, Chat, Forget."],
    [{ ask: { text: 'x' } }, 'the script of lab.v1.Lab/Ask: expected a function or an array of outcomes'],
  ])('refuses the script %j', async (script, why) => {
    await expect(fakeTtrpcService(service, script as never)).rejects.toThrow(why);
  });
});
