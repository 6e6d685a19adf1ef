import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { createConnection } from 'node:net';
import { finalize, firstValueFrom, NEVER, Observable, tap } from 'rxjs';
import type { TtrpcClientInterceptor } from '../../src/client/index.js';
import { ClientLab, readAll, type AsyncLab, type Lab } from '../support/client-lab.js';
import { deferred } from '../support/deferred.js';

const store = new AsyncLocalStorage<string>();
const SERVICE = 'client.v1.Lab';

let lab: ClientLab;

beforeEach(async () => {
  lab = new ClientLab();
  await lab.start();
});

afterEach(() => lab.close());

/** Runs each caller's `call` with a store of its own, one behind the other, so that the first opens the connection. */
async function bothCallers<T>(call: (name: string) => Promise<T>): Promise<void> {
  for (const name of ['first', 'second', 'third']) await store.run(name, () => call(name));
}

/** What a caller sees of its store where an Observable's callbacks run, and where its teardown runs. */
function watched(seen: (string | undefined)[]): (source: Observable<unknown>) => Promise<void> {
  const look = (): void => void seen.push(store.getStore());
  return (source) =>
    new Promise((resolve) => {
      source.pipe(tap({ next: look, error: look, complete: look }), finalize(look)).subscribe({
        next: look,
        error: () => {
          look();
          resolve();
        },
        complete: () => {
          look();
          resolve();
        },
      });
    });
}

const passes: TtrpcClientInterceptor = (_call, next) => next();

describe("a caller's own code runs with the caller's AsyncLocalStorage", () => {
  const calls: Record<string, (service: Lab) => Observable<unknown>> = {
    'a unary call': (service) => service.ask({ number: 1 }),
    'a call that fails': (service) => service.fail({ text: 'no' }),
    'a call whose deadline passes': (service) => service.wait({}, { timeoutMs: 20 }),
    'a server-streaming call': (service) => service.count({ number: 3 }),
    'a client-streaming call': (service) => service.sum([{ number: 1 }]),
    'a bidi call': (service) => service.chat([{ text: 'a' }, { text: 'b' }]),
  };
  const proxies = Object.entries(calls).flatMap(([name, call]) => [
    { name, call, options: {} },
    { name: `${name}, streams shared`, call, options: { streams: 'shared' as const } },
    {
      name: `${name}, with interceptors`,
      call,
      options: { interceptors: [passes] },
    },
  ]);

  it.each(proxies)('in the Observable of $name', async ({ call, options }) => {
    const service = lab.client(options).getService<Lab>(SERVICE);
    await bothCallers(async (name) => {
      const seen: (string | undefined)[] = [];
      await watched(seen)(call(service));
      expect(seen.length).toBeGreaterThanOrEqual(3);
      expect(new Set(seen)).toEqual(new Set([name]));
    });
  });

  it('in what awaits a Promise or an iterator', async () => {
    const service = lab.client({ streams: 'shared' }).getAsyncService<AsyncLab>(SERVICE);
    await bothCallers(async (name) => {
      await service.ask({});
      expect(store.getStore()).toBe(name);
      await service.fail({}).catch(() => expect(store.getStore()).toBe(name));
      for await (const _each of service.count({ number: 3 })) expect(store.getStore()).toBe(name);
      await service.ask({}).then(() => expect(store.getStore()).toBe(name));
    });
  });

  it('in interceptors, before the call and behind it', async () => {
    const seen: (string | undefined)[] = [];
    const look = (): void => void seen.push(store.getStore());
    const looks: TtrpcClientInterceptor = (_call, next) => {
      look();
      return next().pipe(tap({ next: look, complete: look, error: look }), finalize(look));
    };
    const client = lab.client({ interceptors: [looks] });
    const promises = client.getAsyncService<AsyncLab>(SERVICE);
    await bothCallers(async (name) => {
      seen.length = 0;
      await promises.ask({});
      await readAll(promises.count({ number: 2 }));
      await promises.fail({}).catch(look);
      await promises.wait({}, { timeoutMs: 20 }).catch(look);
      expect(seen.length).toBeGreaterThanOrEqual(16);
      expect(new Set(seen)).toEqual(new Set([name]));
    });
  });

  it("when somebody else's signal aborts, or the connection is lost", async () => {
    const client = lab.client({ interceptors: [passes] });
    for (const service of [lab.client().getService<Lab>(SERVICE), client.getService<Lab>(SERVICE)]) {
      const controller = new AbortController();
      const seen: (string | undefined)[] = [];
      const over = ['one', 'two'].map((name) =>
        store.run(name, () => watched(seen)(service.wait({}, { signal: controller.signal }))),
      );
      await lab.until(() => lab.waits.length >= 2);
      store.run('aborter', () => controller.abort());
      await Promise.all(over);
      expect([...new Set(seen)].sort()).toEqual(['one', 'two']);
      lab.waits.length = 0;
    }
    const lost = store.run('caller', () => {
      const seen: (string | undefined)[] = [];
      return watched(seen)(client.getService<Lab>(SERVICE).wait({})).then(() => seen);
    });
    await lab.until(() => lab.waits.length === 1);
    await store.run('closer', () => client.close());
    expect(new Set(await lost)).toEqual(new Set(['caller']));
  });

  it('in the teardown of a request stream, also when the server or a deadline ends the call', async () => {
    const service = lab.client().getAsyncService<AsyncLab>(SERVICE);
    await bothCallers(async (name) => {
      for (const options of [{ timeoutMs: 30 }, {}]) {
        const left = deferred<string | undefined>();
        const parts = new Observable<object>((subscriber) => {
          subscriber.next(options.timeoutMs === undefined ? { text: 'enough' } : { number: 1 });
          return () => left.resolve(store.getStore());
        });
        await service.sum(parts, options).catch(() => undefined);
        expect(await left.promise).toBe(name);
      }
      const returned = deferred<string | undefined>();
      const iterable: AsyncIterable<object> = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise(() => undefined),
          return: () => {
            returned.resolve(store.getStore());
            return Promise.resolve({ value: undefined, done: true });
          },
        }),
      };
      await service.sum(iterable, { timeoutMs: 30 }).catch(() => undefined);
      expect(await returned.promise).toBe(name);
    });
  });
});

describe('what outlives a call has no store of the call', () => {
  it.each(['shared', 'dedicated'] as const)('the connections that it opens, streams %s', async (streams) => {
    const value = { of: 'the first caller' };
    const big = new AsyncLocalStorage<object>();
    const contexts: unknown[] = [];
    const client = lab.client({
      streams,
      connect: () => {
        contexts.push(big.getStore());
        const socket = createConnection(lab.folder.file('s.sock'));
        socket.on('connect', () => contexts.push(big.getStore()));
        socket.on('close', () => contexts.push(big.getStore()));
        return Promise.resolve(socket);
      },
    });
    client.on('connected', () => contexts.push(big.getStore()));
    await big.run(value, async () => {
      await firstValueFrom(client.getService<Lab>(SERVICE).ask({}));
      await readAll(client.getAsyncService<AsyncLab>(SERVICE).count({ number: 2 }));
    });
    await client.close();
    await lab.untilConnections(0);
    expect(contexts.length).toBeGreaterThanOrEqual(4);
    expect(new Set(contexts)).toEqual(new Set([undefined]));
  });

  it("the listener of an event has its own: that of client.on()'s caller", async () => {
    const client = lab.client();
    const seen = deferred<string | undefined>();
    store.run('listener', () => client.on('connected', () => seen.resolve(store.getStore())));
    await store.run('caller', () => firstValueFrom(client.getService<Lab>(SERVICE).ask({})));
    expect(await seen.promise).toBe('listener');
  });
});

it('a call that is never answered keeps its store until its caller gives it up', async () => {
  const service = lab.client().getService<Lab>(SERVICE);
  const seen: (string | undefined)[] = [];
  const subscription = store.run('caller', () =>
    service.sum(NEVER.pipe(finalize(() => seen.push(store.getStore())))).subscribe(),
  );
  store.run('leaver', () => subscription.unsubscribe());
  expect(seen).toEqual(['caller']);
});
