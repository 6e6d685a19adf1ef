import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { Injectable, Module, type INestMicroservice, type OnModuleDestroy } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Observable } from 'rxjs';
import { connect, serve, type RawClient, type RawStream } from '../../src/protocol/index.js';
import {
  drainFirst,
  TtrpcMethod,
  TtrpcServer,
  TtrpcService,
  TtrpcStatus,
  type TtrpcContext,
  type TtrpcException,
  type TtrpcServerOptions,
  type TtrpcStream,
} from '../../src/index.js';
import { request } from '../support/frames.js';
import { deferred, turns, type Deferred, turn } from '../support/deferred.js';
import { createLabApp, LAB_PROTO, Lab, startLab, type Message } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';

const SERVICE = 'lab.v1.Lab';
const EMPTY = new Uint8Array(0);
const CLOSING = { code: TtrpcStatus.UNAVAILABLE, message: 'the server is closing' };
/** Far longer than a test may take: what ends before it was not ended by it. */
const LONG_MS = 600_000;
const METHODS = { Ask: 'unary', Count: 'server-streaming', Sum: 'client-streaming', Chat: 'bidi' } as const;

/** How the handlers' calls went, in order. */
let events: string[];
let begun: Deferred<void>[];
let answer: Deferred<void>;

/** Handlers that stay until the test says `answer`, or until they are aborted. */
@TtrpcService(SERVICE)
class Patient {
  @TtrpcMethod() async ask(_request: Message, context: TtrpcContext): Promise<Message> {
    await this.#stay(context);
    return { text: 'in time' };
  }

  @TtrpcMethod() async *count(_request: Message, context: TtrpcContext): AsyncIterable<Message> {
    yield { number: 1 };
    // Ends well also when it is only told that the server is closing.
    await this.#stay(context).catch(() => undefined);
    yield { number: 2 };
  }

  @TtrpcMethod() async sum(parts: TtrpcStream<Message>, context: TtrpcContext): Promise<Message> {
    await this.#stay(context);
    let number = 0;
    for await (const _part of parts) number++;
    return { number };
  }

  @TtrpcMethod() chat(lines: TtrpcStream<Message>, context: TtrpcContext): Observable<Message> {
    return new Observable((subscriber) => {
      subscriber.next({ text: 'hello' });
      void this.#stay(context).then(
        () => lines.subscribe(subscriber),
        () => undefined,
      );
      return () => events.push('Chat unsubscribed');
    });
  }

  async #stay({ method, signal }: TtrpcContext): Promise<void> {
    signal.addEventListener('abort', () => {
      events.push(`${method} ${TtrpcStatus[(signal.reason as TtrpcException).code]}`);
    });
    begun.shift()?.resolve();
    await Promise.race([answer.promise, once(signal, 'abort').then(() => Promise.reject(signal.reason as Error))]);
  }
}

let lab: Lab;
/** Begins a call by the lab's client. */
function begin(method: keyof typeof METHODS): { stream?: RawStream; over: Promise<string[]> } {
  const shape = METHODS[method];
  if (shape === 'unary') {
    const over = lab.client.call(SERVICE, method, EMPTY).then(() => ['answer']);
    return { over };
  }
  const stream = lab.client.stream(SERVICE, method, shape);
  const over = (async () => {
    if (shape === 'server-streaming') await stream.send(EMPTY);
    const seen: string[] = [];
    for await (const _message of stream) seen.push('message');
    return seen;
  })();
  return { stream, over };
}

async function start(server: Partial<TtrpcServerOptions>, handlers: number): Promise<void> {
  const started = Array.from({ length: handlers }, () => deferred());
  begun = [...started];
  lab = await startLab({ controllers: [Patient], server });
  allBegun = Promise.all(started.map(({ promise }) => promise));
}
let allBegun: Promise<unknown>;

beforeEach(() => {
  events = [];
  answer = deferred();
});

describe('a server that closes', () => {
  afterEach(() => lab.close());

  it('accepts nobody, closes idle connections, refuses new calls, and lets those in flight finish', async () => {
    await start({ gracePeriodMs: LONG_MS }, 4);
    const idle = createConnection(lab.folder.file('s.sock'));
    await once(idle, 'connect');
    const calls = (Object.keys(METHODS) as (keyof typeof METHODS)[]).map(begin);
    await allBegun;
    const closing = lab.app.close();
    idle.resume();
    await once(idle, 'close');
    await expect(connect(lab.folder.url())).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    await expect(lab.client.call(SERVICE, 'Ask', EMPTY)).rejects.toMatchObject(CLOSING);
    answer.resolve();
    for (const { stream } of calls) stream?.closeSend();
    expect(await Promise.all(calls.map(({ over }) => over))).toEqual([
      ['answer'],
      ['message', 'message'],
      ['message'],
      ['message'],
    ]);
    await closing;
    expect(events).toEqual(['Chat unsubscribed']);
    expect(lab.server.stats).toMatchObject({ connections: 0, calls: 0, bufferedBytes: 0 });
  });

  it('ends what is left after the grace period with UNAVAILABLE', async () => {
    await start({ gracePeriodMs: 30 }, 4);
    const calls = (Object.keys(METHODS) as (keyof typeof METHODS)[]).map(begin);
    const ended = Promise.all(calls.map(({ over }) => expect(over).rejects.toMatchObject(CLOSING)));
    await allBegun;
    await lab.app.close();
    await ended;
    expect(events.toSorted()).toEqual([
      'Ask UNAVAILABLE',
      'Chat UNAVAILABLE',
      'Chat unsubscribed',
      'Count UNAVAILABLE',
      'Sum UNAVAILABLE',
    ]);
  });

  it('tells its streams first, if asked to, and not its unary calls', async () => {
    await start({ gracePeriodMs: LONG_MS, signalStreams: true }, 4);
    const calls = (Object.keys(METHODS) as (keyof typeof METHODS)[]).map(begin);
    const streams = calls.slice(1).map(({ over }) => over.catch((error: unknown) => error));
    await allBegun;
    const closing = lab.app.close();
    // One handler takes it for a reason to end well, the other for one to fail; neither waits for the grace period.
    const [count, sum] = await Promise.all(streams.slice(0, 2));
    expect(count).toEqual(['message', 'message']);
    expect(sum).toMatchObject(CLOSING);
    expect(events.toSorted()).toEqual(['Chat UNAVAILABLE', 'Count UNAVAILABLE', 'Sum UNAVAILABLE']);
    answer.resolve();
    expect(await calls[0]?.over).toEqual(['answer']);
    calls[3]?.stream?.cancel();
    await closing;
  });

  it('may be closed again, at the same time and later', async () => {
    await start({ gracePeriodMs: LONG_MS }, 1);
    const { over } = begin('Ask');
    await allBegun;
    const closings = [lab.server.close(), lab.app.close(), lab.server.close()];
    answer.resolve();
    expect(await over).toEqual(['answer']);
    await Promise.all(closings);
    await lab.server.close();
    await lab.app.close();
  });
});

describe('a connection that drains', () => {
  let folder: TempFolder;
  beforeEach(() => {
    folder = new TempFolder();
  });
  afterEach(() => folder.remove());

  it('gives its last answer also to a client that goes on to write', async () => {
    const handled = deferred<Uint8Array>();
    const called = deferred();
    const server = await serve(folder.url(), {
      [SERVICE]: {
        Ask: () => {
          called.resolve();
          return handled.promise;
        },
      },
    });
    const socket = createConnection(folder.file('s.sock'));
    await once(socket, 'connect');
    socket.pause();
    socket.write(request(SERVICE, 'Ask', { id: 1 }));
    await called.promise;
    const closing = server.close({ gracePeriodMs: LONG_MS });
    handled.resolve(Buffer.from('the answer'));
    // It is in the socket, and unread, when the client sends another request: that must not fail the connection.
    while (server.connectionCount > 0) await turn();
    await new Promise((resolve) => socket.write(request(SERVICE, 'Ask', { id: 3 }), resolve));
    const [received] = await Promise.all([readToEnd(socket), closing]);
    expect(received.toString()).toContain('the answer');
  });

  it.each(['an endless stream', 'answers of calls that are over'])(
    'is not held up by a client that has stopped reading: %s',
    async (what) => {
      let produced = 0;
      const returned = deferred();
      const server = await serve(folder.url(), {
        [SERVICE]: {
          Ask: () => {
            produced++;
            return new Uint8Array(1 << 20);
          },
          Count: {
            shape: 'server-streaming',
            async *handle() {
              try {
                for (; ; produced++) yield await Promise.resolve(new Uint8Array(1024));
              } finally {
                returned.resolve();
              }
            },
          },
        },
      });
      const socket = createConnection(folder.file('s.sock'));
      await once(socket, 'connect');
      socket.pause();
      if (what === 'an endless stream') {
        socket.write(request(SERVICE, 'Count', { id: 1 }));
        for (let before = -1; before < produced; await turns(200)) before = produced;
        expect(server.stats.calls).toBe(1);
      } else {
        for (const id of [1, 3, 5, 7]) socket.write(request(SERVICE, 'Ask', { id: id }));
        while (produced < 4 || server.stats.calls > 0) await turns(1);
        returned.resolve();
      }
      const from = performance.now();
      await server.close({ gracePeriodMs: 50 });
      const tookMs = performance.now() - from;
      await returned.promise;
      // The grace period and a second for the socket; more only as far as the machine is busy.
      expect(tookMs).toBeGreaterThan(900);
      expect(tookMs).toBeLessThan(10_000);
      socket.destroy();
    },
  );

  it('waits for a client that does not close, for a second at most', async () => {
    const server = await serve(folder.url(), { [SERVICE]: { Ask: () => EMPTY } });
    const socket = createConnection({ path: folder.file('s.sock'), allowHalfOpen: true });
    await once(socket, 'connect');
    socket.resume();
    while (server.connectionCount === 0) await turn();
    const from = performance.now();
    await server.close({ gracePeriodMs: LONG_MS });
    const tookMs = performance.now() - from;
    // A second for the socket; more only as far as the machine is busy.
    expect(tookMs).toBeGreaterThan(900);
    expect(tookMs).toBeLessThan(10_000);
    expect(server.connectionCount).toBe(0);
    socket.destroy();
  });
});

describe('a server that is closed', () => {
  let folder: TempFolder;
  let server: TtrpcServer;
  let app: INestMicroservice;
  const listen = (): Promise<unknown> =>
    app.listen().then(
      () => 'listens',
      (error: unknown) => error,
    );

  beforeEach(async () => {
    folder = new TempFolder();
    server = new TtrpcServer({ url: [folder.url('a'), folder.url('b')], protoPath: LAB_PROTO });
    app = await createLabApp(server, { controllers: [Patient] });
  });

  afterEach(async () => {
    expect(folder.list()).toEqual([]);
    await app.close();
    folder.remove();
  });

  it('while it binds its addresses does not listen', async () => {
    await app.init();
    // Nest's own part is done: this calls the server's `listen()` at once.
    const listening = listen();
    await server.close();
    expect(await listening).toMatchObject(CLOSING);
  });

  it('before Nest calls its `listen()` says that it cannot be opened again', async () => {
    const listening = listen();
    await server.close();
    expect(await listening).toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: 'this TtrpcServer is closed: make a new one to listen again',
    });
  });
});

it.each([
  ['gracePeriodMs', -1, 'gracePeriodMs: expected a number of milliseconds, 0 or more, got -1'],
  ['gracePeriodMs', '5s', 'gracePeriodMs: expected a number of milliseconds, 0 or more, got string "5s"'],
  ['signalStreams', 'yes', 'signalStreams: expected true or false, got string "yes"'],
])('the option %s is not %p', (option, value, message) => {
  expect(() => new TtrpcServer({ protoPath: LAB_PROTO, [option]: value })).toThrow(message);
});

describe('drainFirst', () => {
  @Injectable()
  class Database implements OnModuleDestroy {
    onModuleDestroy(): void {
      events.push('database closed');
    }
  }

  @TtrpcService(SERVICE)
  class Reader {
    @TtrpcMethod() async ask(): Promise<Message> {
      begun.shift()?.resolve();
      await answer.promise;
      events.push('read');
      return {};
    }
  }

  @Module({ controllers: [Reader], providers: [Database] })
  class AppModule {}

  it.each(['a microservice', 'a hybrid application'])(
    'of %s: calls finish before providers are destroyed',
    async (kind) => {
      const folder = new TempFolder();
      const server = new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO, gracePeriodMs: LONG_MS });
      const module = await Test.createTestingModule({ imports: [drainFirst(AppModule, server)] }).compile();
      const options = { strategy: server, logger: false } as const;
      const app = kind === 'a microservice' ? module.createNestMicroservice(options) : module.createNestApplication();
      if ('connectMicroservice' in app) {
        app.useLogger(false);
        app.connectMicroservice(options);
        await app.startAllMicroservices();
      } else await app.listen();
      const started = deferred();
      begun = [started];
      const client: RawClient = await connect(folder.url());
      const call = client.call(SERVICE, 'Ask', EMPTY);
      await started.promise;
      const closing = app.close();
      await expect(client.call(SERVICE, 'Ask', EMPTY)).rejects.toMatchObject(CLOSING);
      expect(events).toEqual([]);
      answer.resolve();
      await call;
      await closing;
      expect(events).toEqual(['read', 'database closed']);
      client.close();
      folder.remove();
    },
  );

  it('needs a server', () => {
    expect(() => drainFirst(AppModule)).toThrow('drainFirst: expected the root module and at least one TtrpcServer');
    expect(() => drainFirst(AppModule, {} as TtrpcServer)).toThrow(
      'expected a TtrpcServer as argument 2, got an object',
    );
  });
});

async function readToEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.resume();
  await once(socket, 'end');
  return Buffer.concat(chunks);
}
