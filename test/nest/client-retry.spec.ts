import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import {
  loadSchema,
  TtrpcClient,
  TtrpcException,
  TtrpcStatus,
  type TtrpcCallOptions,
  type TtrpcClientOptions,
  type TtrpcRetryOptions,
  type TtrpcStreamSource,
} from 'nestjs-ttrpc';
import { fakeTtrpcService, type FakeScript, type FakeTtrpcService } from 'nestjs-ttrpc/testing';
import { lastValueFrom, Observable, of, Subject, throwError, toArray } from 'rxjs';
import { deferred } from '../support/deferred.js';
import { startProgram, type Program } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';

const PROTO = fileURLToPath(new URL('retry.proto', import.meta.url));
const RUN_SOURCES = fileURLToPath(new URL('../../scripts/typescript/register-sources.mjs', import.meta.url));
const KILLED = fileURLToPath(new URL('../faults/programs/retried.ts', import.meta.url));
const STORE = loadSchema({ protoPath: PROTO }).resolve('Store');

interface Item {
  text?: string;
  number?: number;
}
interface Store {
  put(request: Item, options?: TtrpcCallOptions): Promise<Item>;
  get(request: Item, options?: TtrpcCallOptions): Promise<Item>;
  replace(request: Item, options?: TtrpcCallOptions): Promise<Item>;
  list(request: Item, options?: TtrpcCallOptions): AsyncIterable<Item>;
  load(requests: TtrpcStreamSource<Item>, options?: TtrpcCallOptions): Promise<Item>;
  talk(requests: TtrpcStreamSource<Item>, options?: TtrpcCallOptions): AsyncIterable<Item>;
}

const quick = { backoff: { initialMs: 1, maxMs: 5 } };
const unavailable = (text = 'not now'): TtrpcException => TtrpcException.unavailable(text);

let folder: TempFolder;
let clients: TtrpcClient[];
let fakes: FakeTtrpcService[];
let programs: Program[];

beforeEach(() => {
  folder = new TempFolder();
  clients = [];
  fakes = [];
  programs = [];
});
afterEach(async () => {
  for (const each of clients) await each.close();
  for (const each of fakes) await each.close();
  for (const each of programs) await each.kill();
  folder.remove();
});

async function serve(script: FakeScript): Promise<FakeTtrpcService> {
  const fake = await fakeTtrpcService(STORE, script, { url: folder.url() });
  fakes.push(fake);
  return fake;
}

function client(options: Partial<TtrpcClientOptions> = {}): TtrpcClient {
  const made = new TtrpcClient({
    url: folder.url(),
    protoPath: PROTO,
    loader: { defaults: true },
    reconnect: { initialMs: 1, maxMs: 5 },
    ...options,
  });
  clients.push(made);
  return made;
}

function store(options: Partial<TtrpcClientOptions> = {}): Store {
  return client(options).getAsyncService<Store>('Store');
}

/** What a call failed with. */
async function failureOf(call: Promise<unknown>): Promise<TtrpcException> {
  try {
    await call;
  } catch (error) {
    return error as TtrpcException;
  }
  throw new Error('it did not fail');
}

async function all(responses: AsyncIterable<Item>): Promise<(string | undefined)[]> {
  const texts: (string | undefined)[] = [];
  for await (const { text } of responses) texts.push(text);
  return texts;
}

/** Until the client has failed to connect. */
function firstFailure(made: TtrpcClient): Promise<unknown> {
  return new Promise((resolve) => made.on('disconnected', resolve));
}

async function* items(...texts: string[]): AsyncGenerator<Item> {
  for (const text of texts) yield { text };
}

describe('a call that was never sent', () => {
  const echo: FakeScript = {
    put: ({ text }: Item) => ({ text: `put ${text}` }),
    list: ({ text }: Item) => [{ text }, { text: 'end' }],
    load: async (requests: AsyncIterable<Item>) => ({ text: (await all(requests)).join() }),
    talk: (requests: AsyncIterable<Item>) => requests,
  };
  const calls: [string, (store: Store, options: TtrpcCallOptions) => Promise<unknown>, unknown][] = [
    ['unary', async (each, options) => (await each.put({ text: 'a' }, options)).text, 'put a'],
    [
      'unary, dedicated',
      async (each, options) => (await each.put({ text: 'a' }, { ...options, dedicated: true })).text,
      'put a',
    ],
    ['server-streaming', (each, options) => all(each.list({ text: 'a' }, options)), ['a', 'end']],
    ['client-streaming, an array', async (each, options) => (await each.load([{ text: 'a' }], options)).text, 'a'],
    ['client-streaming, a generator', async (each, options) => (await each.load(items('a', 'b'), options)).text, 'a,b'],
    ['bidi, a generator', (each, options) => all(each.talk(items('a', 'b', 'c'), options)), ['a', 'b', 'c']],
    ['bidi, an Observable', (each, options) => all(each.talk(of({ text: 'a' }, { text: 'b' }), options)), ['a', 'b']],
  ];

  it.each(calls)('is made again until there is a server: %s', async (_name, call, expected) => {
    const third = deferred<void>();
    let attempts = 0;
    const dial = async (): Promise<Duplex> => {
      attempts += 1;
      if (attempts === 3) third.resolve();
      const socket = connect(folder.file('s.sock'));
      await once(socket, 'connect');
      return socket;
    };
    const each = store({ url: undefined, connect: dial });
    expect((await failureOf(call(each, {}))).code).toBe(TtrpcStatus.UNAVAILABLE);
    const result = call(each, { retry: { ...quick, attempts: Infinity }, timeoutMs: 20_000 });
    await third.promise;
    await serve(echo);
    expect(await result).toEqual(expected);
    expect(fakes[0]?.calls).toHaveLength(1);
  });

  it('is made again by the client’s own `retry`, in each form, and not with `retry: false`', async () => {
    const made = client({ retry: { ...quick, attempts: 1000 } });
    const observables = made.getService<{ put(request: Item, options?: TtrpcCallOptions): Observable<Item> }>('Store');
    const failed = firstFailure(made);
    const results = Promise.all([
      made.getAsyncService<Store>('Store').put({ text: 'a' }),
      lastValueFrom(observables.put({ text: 'b' })),
      lastValueFrom(made.send<Item>('/retry.v1.Store/Put', { text: 'c' })),
    ]);
    await failed;
    const refused = await failureOf(made.getAsyncService<Store>('Store').put({ text: 'd' }, { retry: false }));
    expect(refused.code).toBe(TtrpcStatus.UNAVAILABLE);
    await serve(echo);
    expect((await results).map(({ text }) => text)).toEqual(['put a', 'put b', 'put c']);
  });

  it('gets what a hot source gives between two attempts', async () => {
    const made = client({ retry: { ...quick, attempts: Infinity }, streams: 'shared' });
    const failed = firstFailure(made);
    const source = new Subject<Item>();
    const result = made.getAsyncService<Store>('Store').load(source);
    source.next({ text: 'a' });
    await failed;
    source.next({ text: 'b' });
    await serve(echo);
    source.next({ text: 'c' });
    source.complete();
    expect((await result).text).toBe('a,b,c');
    expect(source.observed).toBe(false);
  });

  it('fails when its attempts are used up, and says so', async () => {
    const error = await failureOf(store({ retry: { ...quick, attempts: 3 } }).put({}));
    expect(error.code).toBe(TtrpcStatus.UNAVAILABLE);
    expect(error.message).toContain('cannot connect to');
    expect(error.notRetried).toBe('all 3 attempts have failed');
    expect(String(error)).toMatch(/\(retry\.v1\.Store\/Put; not retried: all 3 attempts have failed\)$/);
  });

  it('gives the source of its requests its end once, when the call is over', async () => {
    let ended = 0;
    async function* source(): AsyncGenerator<Item> {
      try {
        for (;;) yield { text: 'a' };
      } finally {
        ended += 1;
      }
    }
    const error = await failureOf(store({ retry: { ...quick, attempts: 3 } }).load(source()));
    expect(error.notRetried).toBe('all 3 attempts have failed');
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(1);
  });

  it('logs what its request stream throws while it cleans up, and goes on', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const source = new Observable<Item>((subscriber) => {
      setImmediate(() => {
        subscriber.next({ text: 'a' });
        subscriber.complete();
      });
      return () => {
        throw new Error('the teardown failed');
      };
    });
    await serve(echo);
    try {
      expect((await store({ retry: quick }).load(source)).text).toBe('a');
      expect(logged.mock.calls.map(([text]) => text as string)).toEqual([
        expect.stringMatching(
          /the clean-up of the request stream of retry\.v1\.Store\/Load threw: .*the teardown failed/s,
        ),
      ]);
    } finally {
      logged.mockRestore();
    }
  });

  it('is not made again when its own request stream fails', async () => {
    async function* source(): AsyncGenerator<Item> {
      yield {};
      throw unavailable('of the source');
    }
    const each = store({ retry: { ...quick, attempts: Infinity, idempotent: true } });
    const unsent = await failureOf(each.load(throwError(() => unavailable('of an Observable'))));
    expect([unsent.message, unsent.notRetried]).toEqual(['of an Observable', undefined]);
    await serve({ load: [{}] });
    const error = await failureOf(each.load(source()));
    expect([error.message, error.notRetried]).toEqual(['of the source', undefined]);
  });
});

describe('a call that was sent', () => {
  it('is refused another attempt, with the reason', async () => {
    const fake = await serve({ put: [unavailable(), { text: 'second' }] });
    const error = await failureOf(store({ retry: quick }).put({}));
    expect(error.code).toBe(TtrpcStatus.UNAVAILABLE);
    expect(error.message).toBe('not now');
    expect(error.notRetried).toBe('it was sent, and retry.v1.Store/Put is not marked idempotent');
    expect(fake.calls).toHaveLength(1);
  });

  it('is made again where the .proto file marks the rpc, or the option', async () => {
    const fake = await serve({
      get: [unavailable(), { text: 'got' }],
      replace: [unavailable(), unavailable(), { text: 'replaced' }],
      put: [unavailable(), { text: 'put' }],
    });
    const each = store({ retry: quick });
    expect((await each.get({ text: 'a' })).text).toBe('got');
    expect((await each.replace({})).text).toBe('replaced');
    expect((await each.put({}, { retry: { idempotent: true } })).text).toBe('put');
    expect(fake.callsOf('get').map(({ requests }) => requests)).toEqual([[{ text: 'a' }], [{ text: 'a' }]]);
    const refused = await failureOf(each.get({}, { retry: { idempotent: false } }));
    // The script is used up: another code, and no reason.
    expect([refused.code, refused.notRetried]).toEqual([TtrpcStatus.FAILED_PRECONDITION, undefined]);
  });

  it('is made again after the codes that are named, and after no others', async () => {
    const fake = await serve({ get: [TtrpcException.aborted('conflict'), { text: 'a' }, unavailable()] });
    const each = store({ retry: { ...quick, codes: [TtrpcStatus.ABORTED] } });
    expect((await each.get({})).text).toBe('a');
    const error = await failureOf(each.get({}));
    expect([error.code, error.notRetried]).toEqual([TtrpcStatus.UNAVAILABLE, undefined]);
    expect(fake.calls).toHaveLength(3);
  });

  it('is made again while a stream has given nothing, and not after that', async () => {
    await serve({ list: [[unavailable()], [{ text: 'a' }, { text: 'b' }], [{ text: 'c' }, unavailable('cut')]] });
    const each = store({ retry: quick });
    expect(await all(each.list({}))).toEqual(['a', 'b']);
    const texts: unknown[] = [];
    const cut = (async () => {
      for await (const { text } of each.list({})) texts.push(text);
    })();
    const error = await failureOf(cut);
    expect(texts).toEqual(['c']);
    expect([error.message, error.notRetried]).toEqual(['cut', 'its caller has got responses already']);
  });

  it('is not made again where its requests are a stream', async () => {
    const fake = await serve({ load: [unavailable()] });
    const error = await failureOf(store({ retry: quick }).load(items('a', 'b')));
    expect(error.notRetried).toBe('it was sent, and its request stream cannot be sent again');
    expect(fake.callsOf('load').map(({ requests }) => requests)).toEqual([[{ text: 'a' }, { text: 'b' }]]);
  });

  it('keeps the details of the last failure', async () => {
    const detail = { typeUrl: 'type.googleapis.com/a.B', value: Buffer.from('x') };
    await serve({ get: [unavailable(), TtrpcException.unavailable('second', [detail])] });
    const error = await failureOf(store({ retry: { ...quick, attempts: 2 } }).get({}));
    expect(error.message).toBe('second');
    expect(error.details.map(({ typeUrl }) => typeUrl)).toEqual([detail.typeUrl]);
    expect(error.notRetried).toBe('all 2 attempts have failed');
  });
});

describe('the end of a call that is made again', () => {
  it('is its deadline, which spans all attempts', async () => {
    const began = performance.now();
    const retry = { attempts: 10, backoff: { initialMs: 10_000, maxMs: 10_000 } };
    const error = await failureOf(store({ retry }).put({}, { timeoutMs: 50 }));
    expect(performance.now() - began).toBeGreaterThanOrEqual(50);
    expect(error.code).toBe(TtrpcStatus.DEADLINE_EXCEEDED);
    expect(error.message).toMatch(
      /^the deadline of the call has passed before attempt 2 of 10; the last attempt failed: cannot connect to /,
    );
  });

  it('tells each server what is left', async () => {
    const fake = await serve({ get: Array.from({ length: 5 }, () => [unavailable(), unavailable(), {}]).flat() });
    const made = store({ retry: { backoff: { initialMs: 20, jitter: 0 } } });
    const spreads: number[] = [];
    while (spreads.length < 5) {
      await made.get({}, { timeoutMs: 20_000 });
      const deadlines = fake.calls.slice(-3).map(({ deadline }) => Number(deadline));
      spreads.push(Math.max(...deadlines) - Math.min(...deadlines));
    }
    expect(fake.calls).toHaveLength(15);
    // The same moment for all attempts of a call, give or take how the clocks round; one may be held up on its way.
    expect(Math.min(...spreads)).toBeLessThan(15);
  });

  it('is its signal, and nothing is left', async () => {
    const retry = { backoff: { initialMs: 60_000, maxMs: 60_000 } };
    const made = client({ retry });
    const controller = new AbortController();
    const failed = firstFailure(made);
    const call = failureOf(made.getAsyncService<Store>('Store').put({}, { signal: controller.signal }));
    await failed;
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expect((await call).code).toBe(TtrpcStatus.CANCELLED);
  });

  it('is that of who unsubscribes', async () => {
    const made = client({ retry: { backoff: { initialMs: 60_000, maxMs: 60_000 } } });
    const source = new Subject<Item>();
    const failed = firstFailure(made);
    const subscription = made
      .getService<{ load(source: Observable<Item>, options: object): Observable<Item> }>('Store')
      .load(source, { dedicated: false })
      .pipe(toArray())
      .subscribe({ error: () => undefined });
    void made.connect().catch(() => undefined);
    await failed;
    expect(source.observed).toBe(true);
    subscription.unsubscribe();
    expect(source.observed).toBe(false);
  });

  it('is that of its client', async () => {
    const made = client({ retry: { backoff: { initialMs: 60_000, maxMs: 60_000 } } });
    const failed = firstFailure(made);
    const call = failureOf(made.getAsyncService<Store>('Store').put({}));
    await failed;
    await new Promise((resolve) => setImmediate(resolve));
    await made.close();
    const error = await call;
    expect([error.code, error.message]).toEqual([TtrpcStatus.UNAVAILABLE, 'the client is closed']);
  });
});

describe('with interceptors', () => {
  it('is one call for them, with one set of metadata', async () => {
    const fake = await serve({ get: [unavailable(), { text: 'a' }] });
    let calls = 0;
    const each = store({
      retry: quick,
      interceptors: [
        (call, next) => {
          calls += 1;
          call.options.metadata.set('n', String(calls));
          return next();
        },
      ],
    });
    expect((await each.get({})).text).toBe('a');
    expect(calls).toBe(1);
    expect(fake.calls.map(({ metadata }) => metadata.get('n'))).toEqual(['1', '1']);
  });

  it('may be asked for by one of them', async () => {
    await serve({ get: [unavailable(), { text: 'a' }] });
    const interceptor: NonNullable<TtrpcClientOptions['interceptors']>[number] = (call, next) =>
      next({ ...call, options: { ...call.options, retry: quick } });
    expect((await store({ interceptors: [interceptor] }).get({})).text).toBe('a');
  });
});

describe('wrong options', () => {
  const wrong: [unknown, string][] = [
    ['often', 'retry: expected an object such as { attempts: 5 }, true or false, got string "often"'],
    [null, 'retry: expected an object such as { attempts: 5 }, true or false, got null'],
    [{ attempts: 0 }, 'retry.attempts: expected a positive integer, got 0'],
    [{ attempts: 1.5 }, 'retry.attempts: expected a positive integer, got 1.5'],
    [{ attempts: '3' }, 'retry.attempts: expected a positive integer, got string "3"'],
    [{ codes: [] }, 'retry.codes: expected an array of codes (TtrpcStatus), got an array of 0'],
    [{ codes: 14 }, 'retry.codes: expected an array of codes (TtrpcStatus), got 14'],
    [{ codes: [0] }, 'retry.codes: expected codes from 1 to 16 (TtrpcStatus), got 0'],
    [{ codes: ['UNAVAILABLE'] }, 'retry.codes: expected codes from 1 to 16 (TtrpcStatus), got string "UNAVAILABLE"'],
    [{ backoff: 5 }, 'retry.backoff: expected an object such as { initialMs: 50 }, got 5'],
    [{ backoff: { initialMs: -1 } }, 'retry.backoff.initialMs: expected a number from 1 to Infinity, got -1'],
    [{ idempotent: 'yes' }, 'retry.idempotent: expected true or false, got string "yes"'],
    [
      { attempt: 3 },
      "retry.attempt: no such option; retry has attempts, codes, backoff, idempotent. Did you mean 'attempts'?",
    ],
  ];

  it.each(wrong)('%j', async (retry, text) => {
    expect(() => client({ retry: retry as TtrpcRetryOptions })).toThrow(text);
    const error = await failureOf(store().put({}, { retry: retry as TtrpcRetryOptions }));
    expect([error.code, error.message]).toEqual([TtrpcStatus.INVALID_ARGUMENT, text]);
  });
});

describe('a server that is killed and started again', () => {
  it('serves all calls of an idempotent rpc, and none of them fails', async () => {
    const start = async (): Promise<Program> => {
      const program = startProgram(process.execPath, ['--import', RUN_SOURCES, KILLED, folder.url(), PROTO]);
      programs.push(program);
      await program.shows('ready');
      return program;
    };
    let server = await start();
    const each = store({ retry: { ...quick, attempts: Infinity }, timeoutMs: 60_000 });
    const failures: TtrpcException[] = [];
    let made = 0;
    let wrong = 0;
    let over = false;
    const callers = Array.from({ length: 16 }, async (_, caller) => {
      while (!over) {
        const number = made++;
        try {
          const options = { number, text: 'x' };
          if (caller % 4 === 0) {
            const texts = await all(each.list(options, { retry: { idempotent: true } }));
            if (texts.join() !== `${number}.0,${number}.1`) wrong += 1;
          } else if ((await each.get(options)).number !== number) wrong += 1;
        } catch (error) {
          failures.push(error as TtrpcException);
        }
      }
    });
    const more = async (count: number): Promise<void> => {
      const wanted = made + count;
      while (made < wanted) await new Promise((resolve) => setImmediate(resolve));
    };
    for (let restart = 0; restart < 2; restart++) {
      await more(200);
      server.child.kill('SIGKILL');
      await server.ended;
      server = await start();
    }
    await more(200);
    over = true;
    await Promise.all(callers);
    // A stream may be cut between its two responses: then it says why it was not made again.
    const reasons = new Set(failures.map(({ code, notRetried }) => `${TtrpcStatus[code]}: ${notRetried}`));
    expect([...reasons].filter((reason) => reason !== 'UNAVAILABLE: its caller has got responses already')).toEqual([]);
    expect(wrong).toBe(0);
    expect(made).toBeGreaterThanOrEqual(600);
  });
});
