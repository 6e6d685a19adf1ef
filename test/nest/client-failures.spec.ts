import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { getEventListeners } from 'node:events';
import {
  concat,
  finalize,
  ignoreElements,
  lastValueFrom,
  NEVER,
  Observable,
  of,
  Subject,
  take,
  throwError,
  timer,
} from 'rxjs';
import { TtrpcException } from '../../src/common/ttrpc-exception.js';
import { TtrpcStatus } from '../../src/protocol/index.js';
import type { TtrpcClientInterceptor } from '../../src/client/index.js';
import { ClientLab, readAll, type AsyncLab, type Lab } from '../support/client-lab.js';
import { hostileValues } from '../support/hostile-values.js';
import { turn } from '../support/deferred.js';

const SERVICE = 'client.v1.Lab';
const CLEAN_UP = /the clean-up of the request stream of client\.v1\.Lab\/Sum threw: .*the teardown failed/s;

let lab: ClientLab;
let uncaught: unknown[];
let logged: string[];

const onUncaught = (error: unknown): void => void uncaught.push(error);

beforeEach(async () => {
  lab = new ClientLab();
  await lab.start();
  uncaught = [];
  logged = [];
  process.on('uncaughtException', onUncaught);
  process.on('unhandledRejection', onUncaught);
  jest.spyOn(Logger.prototype, 'error').mockImplementation((text: unknown) => void logged.push(String(text)));
});

afterEach(async () => {
  // What is thrown later is thrown by then: unhandled rejections are told when the microtasks are over.
  await turn();
  process.off('uncaughtException', onUncaught);
  process.off('unhandledRejection', onUncaught);
  jest.restoreAllMocks();
  await lab.close();
  expect(uncaught).toEqual([]);
});

function fails(): never {
  throw new Error('the teardown failed');
}

/** Neither the connection nor the client has suffered. */
async function expectUnharmed(service: AsyncLab): Promise<void> {
  expect(await service.ask({ number: 1 })).toMatchObject({ number: 2 });
}

describe('a teardown that throws', () => {
  const sources: Record<string, () => Observable<object>> = {
    'finalize() of a source that completes at once': () => of({ number: 1 }).pipe(finalize(fails)),
    'finalize() of a source that completes later': () =>
      concat(of({ number: 1 }), timer(1).pipe(ignoreElements())).pipe(finalize(fails)),
    'the teardown of a source that completes at once': () =>
      new Observable((subscriber) => {
        subscriber.next({ number: 1 });
        subscriber.complete();
        return fails;
      }),
    'the teardown of a source that completes later': () =>
      new Observable((subscriber) => {
        subscriber.next({ number: 1 });
        setImmediate(() => subscriber.complete());
        return fails;
      }),
  };

  it.each(Object.entries(sources))('%s leaves the call its response', async (name, source) => {
    for (const streams of ['shared', 'dedicated'] as const) {
      const service = lab.client({ streams }).getAsyncService<AsyncLab>(SERVICE);
      expect(await service.sum(source())).toEqual({ number: 1 });
      // RxJS itself swallows what finalize() throws behind a source that has completed by then.
      if (!name.startsWith('finalize() of a source that completes at once')) {
        expect(logged).toEqual([expect.stringMatching(CLEAN_UP)]);
      }
      logged = [];
      await expectUnharmed(service);
    }
  });

  it.each(['the server', 'the deadline', 'the connection', 'the caller'])(
    'of a source whose call %s ends',
    async (who) => {
      const client = lab.client();
      const service = client.getService<Lab>(SERVICE);
      const promises = client.getAsyncService<AsyncLab>(SERVICE);
      const first = who === 'the server' ? { text: 'enough' } : { number: 1 };
      const source = concat(of(first), NEVER).pipe(finalize(fails));
      const call = lastValueFrom(service.sum(source, who === 'the deadline' ? { timeoutMs: 50 } : {}));
      const over = call.catch((error: unknown) => error);
      if (who === 'the connection') {
        await lab.until(() => lab.received === 1);
        await client.close();
      } else if (who === 'the caller') {
        const subscription = service.sum(source).subscribe();
        await lab.until(() => lab.received >= 1);
        subscription.unsubscribe();
        await client.close();
      }
      const result = await over;
      if (who === 'the server') expect(result).toEqual({ number: 0 });
      else expect(result).toBeInstanceOf(TtrpcException);
      expect(logged.length).toBeGreaterThan(0);
      if (who === 'the server' || who === 'the deadline') await expectUnharmed(promises);
    },
  );

  it.each(['unary', 'failing', 'streaming'])('of the caller of a %s call', async (kind) => {
    const client = lab.client();
    const service = client.getService<Lab>(SERVICE);
    const call = { unary: service.ask({}), failing: service.fail({}), streaming: service.count({ number: 2 }) }[
      kind
    ] as Observable<unknown>;
    for (const shorten of [false, true]) {
      const source = call.pipe(finalize(fails));
      await new Promise<void>((resolve) => {
        // Behind take() it is `next` that tears down, else `complete` or `error`.
        (shorten ? source.pipe(take(1)) : source).subscribe({ complete: resolve, error: () => resolve() });
      });
    }
    expect(logged.length).toBeGreaterThan(0);
    expect(logged[0]).toMatch(/the clean-up of a subscriber of client\.v1\.Lab\/\w+ threw: /);
    await expectUnharmed(client.getAsyncService<AsyncLab>(SERVICE));
  });

  it('of an interceptor, when the call ends, its deadline passes, or its reader leaves', async () => {
    const failing: TtrpcClientInterceptor = (call, next) =>
      call.method === 'Ask' && call.options.metadata.get('calm') !== undefined ? next() : next().pipe(finalize(fails));
    const service = lab.client({ interceptors: [failing] }).getAsyncService<AsyncLab>(SERVICE);
    const calm = { metadata: { calm: 'yes' } };
    expect(await service.ask({ number: 1 })).toMatchObject({ number: 2 });
    await expect(service.fail({})).rejects.toMatchObject({ code: 5 });
    await expect(service.wait({}, { timeoutMs: 30 })).rejects.toMatchObject({ code: TtrpcStatus.DEADLINE_EXCEEDED });
    const controller = new AbortController();
    const aborted = service.wait({}, { signal: controller.signal });
    await lab.until(() => lab.waits.length === 2);
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: TtrpcStatus.CANCELLED });
    for await (const _each of service.count({})) break;
    expect(await readAll(service.count({ number: 2 }))).toMatchObject({ values: [{}, {}], error: undefined });
    expect(logged).toHaveLength(6);
    expect(await service.ask({ number: 1 }, calm)).toMatchObject({ number: 2 });
  });

  it.each(['throws', 'rejects'])("an iterator's return() that %s", async (how) => {
    const service = lab.client().getAsyncService<AsyncLab>(SERVICE);
    const parts: AsyncIterable<object> = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ value: { text: 'enough' }, done: false }),
        return: () => (how === 'throws' ? fails() : Promise.reject(new Error('the teardown failed'))),
      }),
    };
    expect(await service.sum(parts)).toEqual({ number: 0 });
    await expectUnharmed(service);
  });
});

describe('what cannot be printed', () => {
  const hostile = Object.entries(hostileValues);

  it.each(hostile)('%s, from a request stream, reaches its caller as it is', async (_name, make) => {
    const service = lab.client().getAsyncService<AsyncLab>(SERVICE);
    const error = make();
    const sources: (() => Observable<object> | AsyncIterable<object>)[] = [
      () => throwError(() => error),
      async function* () {
        yield { number: 1 };
        await Promise.resolve();
        throw error;
      },
    ];
    for (const source of sources) {
      const caught = await service.sum(source()).then(fails, (reason: unknown) => ({ reason }));
      expect(caught.reason === error).toBe(true);
    }
    await expectUnharmed(service);
  });

  it.each(hostile)('%s, from an interceptor, reaches its caller as it is', async (_name, make) => {
    const error = make();
    let calm = false;
    const ways: TtrpcClientInterceptor[] = [
      () => {
        throw error;
      },
      () => throwError(() => error),
    ];
    for (const way of ways) {
      calm = false;
      const interceptors: TtrpcClientInterceptor[] = [(call, next) => (calm ? next() : way(call, next))];
      const service = lab.client({ interceptors }).getAsyncService<AsyncLab>(SERVICE);
      const caught = await service.ask({}).then(fails, (reason: unknown) => ({ reason }));
      expect(caught.reason === error).toBe(true);
      const { error: second } = await readAll(service.count({}));
      expect(second === error).toBe(true);
      calm = true;
      await expectUnharmed(service);
    }
  });

  it.each(hostile)('%s, as the reason of a signal, is CANCELLED', async (_name, make) => {
    for (const interceptors of [[], [(_call, next) => next()] satisfies TtrpcClientInterceptor[]]) {
      const service = lab.client({ interceptors }).getAsyncService<AsyncLab>(SERVICE);
      const before = AbortSignal.abort(make());
      await expect(service.ask({}, { signal: before })).rejects.toMatchObject({ code: TtrpcStatus.CANCELLED });
      const controller = new AbortController();
      const { length } = lab.waits;
      const call = service.wait({}, { signal: controller.signal });
      await lab.until(() => lab.waits.length > length);
      controller.abort(make());
      await expect(call).rejects.toMatchObject({ code: TtrpcStatus.CANCELLED });
      await expectUnharmed(service);
    }
  });

  it.each(hostile)('%s, as a request, is INVALID_ARGUMENT or a message', async (_name, make) => {
    const service = lab.client().getAsyncService<AsyncLab>(SERVICE);
    for (const call of [service.ask(make() as object), service.sum(make() as [])]) {
      const result = await call.catch((error: unknown) => error);
      if (result instanceof TtrpcException) expect(result.code).toBe(TtrpcStatus.INVALID_ARGUMENT);
    }
    await expectUnharmed(service);
  });
});

describe('a listener of client.on() that throws', () => {
  it('is logged; the call and the other listeners do not notice', async () => {
    const client = lab.client();
    const heard: string[] = [];
    client.on('connected', fails);
    client.on('connected', () => heard.push('connected'));
    client.on('closed', fails);
    await expectUnharmed(client.getAsyncService<AsyncLab>(SERVICE));
    await client.close();
    expect(heard).toEqual(['connected']);
    expect(logged).toEqual([
      "a listener of the event 'connected' threw: the teardown failed",
      "a listener of the event 'closed' threw: the teardown failed",
    ]);
  });
});

describe('many calls with one signal', () => {
  it.each(['signal', 'parent'])('as %s warn of no leak, all end with it, and leave no listener', async (as) => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const controller = new AbortController();
    const { signal } = controller;
    const options = as === 'signal' ? { signal } : { parent: { signal, metadata: { getAll: () => [] } as never } };
    for (const interceptors of [[], [(_call, next) => next()] satisfies TtrpcClientInterceptor[]]) {
      const service = lab.client({ interceptors }).getAsyncService<AsyncLab>(SERVICE);
      await Promise.all(Array.from({ length: 30 }, () => service.ask({}, options)));
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    }
    const service = lab.client().getAsyncService<AsyncLab>(SERVICE);
    const calls = Array.from({ length: 30 }, () => service.wait({}, options).catch((error: unknown) => error));
    await lab.until(() => lab.waits.length === 30);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    controller.abort();
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: TtrpcStatus.CANCELLED });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await turn();
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('a callback that begins another call with the aborted signal ends that one, too', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const service = lab.client().getAsyncService<AsyncLab>(SERVICE);
    const again = service.wait({}, { signal }).catch(() => service.ask({}, { signal }));
    await lab.until(() => lab.waits.length === 1);
    controller.abort();
    await expect(again).rejects.toMatchObject({ code: TtrpcStatus.CANCELLED });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

it('a subject as request stream is left alone by the end of its call', async () => {
  const service = lab.client().getAsyncService<AsyncLab>(SERVICE);
  const subject = new Subject<object>();
  const call = service.sum(subject);
  subject.next({ text: 'enough' });
  expect(await call).toEqual({ number: 0 });
  expect(subject.observed).toBe(false);
});
