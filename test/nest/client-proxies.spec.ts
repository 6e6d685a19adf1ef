import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom, from, lastValueFrom, Observable, of, Subject, toArray } from 'rxjs';
import { SchemaError } from '../../src/schema/index.js';
import type { TtrpcClient } from '../../src/client/index.js';
import { ClientLab, readAll, type AsyncLab, type Lab } from '../support/client-lab.js';

let lab: ClientLab;
let client: TtrpcClient;

beforeEach(async () => {
  lab = new ClientLab();
  await lab.start();
  client = lab.client();
});

afterEach(() => lab.close());

describe('the Observable proxy', () => {
  let proxy: Lab;
  beforeEach(() => {
    proxy = client.getService<Lab>('client.v1.Lab');
  });

  it('makes a unary call at each subscription', async () => {
    const call = proxy.ask({ text: 'hello', number: 1 });
    expect(lab.server?.connectionCount).toBe(0);
    expect(await lastValueFrom(call)).toEqual({ text: 'you said hello', number: 2 });
    expect(await lastValueFrom(call)).toEqual({ text: 'you said hello', number: 2 });
  });

  it('gives a unary answer to firstValueFrom, which unsubscribes inside next', async () => {
    expect(await firstValueFrom(proxy.ask({ text: 'hello' }))).toEqual({ text: 'you said hello', number: 1 });
    expect(await firstValueFrom(proxy.sum(of({ number: 1 }, { number: 2 })))).toEqual({ number: 3 });
    expect(lab.ended).toEqual([{ method: 'Sum', aborted: undefined }]);
  });

  it('reads a stream', async () => {
    const answers = await lastValueFrom(proxy.count({ number: 3 }).pipe(toArray()));
    expect(answers).toEqual(['n0', 'n1', 'n2'].map((text, number) => ({ text, number })));
  });

  it.each([
    ['an Observable', () => from([{ number: 1 }, { number: 2 }])],
    ['an AsyncIterable', () => numbers(1, 2)],
    ['an array', () => [{ number: 1 }, { number: 2 }]],
  ])('sends %s', async (_name, source) => {
    expect(await lastValueFrom(proxy.sum(source()))).toEqual({ number: 3 });
  });

  it('streams both ways', async () => {
    const lines = new Subject<{ text: string }>();
    const answers: unknown[] = [];
    const done = new Promise<void>((resolve, reject) => {
      proxy.chat(lines).subscribe({
        next: (answer) => {
          answers.push(answer);
          if (answers.length === 1) lines.next({ text: 'two' });
          else lines.complete();
        },
        error: reject,
        complete: resolve,
      });
    });
    lines.next({ text: 'one' });
    await done;
    expect(answers).toEqual([{ text: 'ONE' }, { text: 'TWO' }]);
  });

  it('loses nothing of a hot source that speaks before there is a connection', async () => {
    const parts = new Subject<{ number: number }>();
    const sum = lastValueFrom(proxy.sum(parts));
    for (let number = 1; number <= 100; number++) parts.next({ number });
    parts.complete();
    expect(await sum).toEqual({ number: 5050 });
  });

  it('subscribes a request stream with its call, not before', () => {
    let subscriptions = 0;
    const source = new Observable<never>(() => {
      subscriptions++;
    });
    const call = proxy.sum(source);
    expect(subscriptions).toBe(0);
    const subscription = call.subscribe();
    expect(subscriptions).toBe(1);
    subscription.unsubscribe();
  });
});

describe('the async proxy', () => {
  let proxy: AsyncLab;
  beforeEach(() => {
    proxy = client.getAsyncService<AsyncLab>('client.v1.Lab');
  });

  it('begins a unary call at once', async () => {
    const call = proxy.wait({});
    await lab.until(() => lab.waits.length === 1);
    lab.waits[0]?.resolve({ text: 'now' });
    expect(await call).toEqual({ text: 'now' });
  });

  it('begins a stream at the first next, once', async () => {
    const stream = proxy.count({ number: 2 });
    await proxy.ask({});
    expect(lab.server?.connectionCount).toBe(1);
    expect(lab.produced).toBe(0);
    expect(await stream.next()).toEqual({ value: { text: 'n0', number: 0 }, done: false });
    expect(await readAll(stream)).toEqual({ values: [{ text: 'n1', number: 1 }], error: undefined });
    expect(await stream.next()).toEqual({ value: undefined, done: true });
    expect(lab.ended).toHaveLength(1);
  });

  it('never begins a stream that is left before', async () => {
    const stream = proxy.count({ number: 2 });
    expect(await stream.return?.()).toEqual({ value: undefined, done: true });
    expect(await stream.next()).toEqual({ value: undefined, done: true });
    await proxy.ask({});
    expect(lab.produced).toBe(0);
  });

  it.each([
    ['an Observable', () => from([{ number: 1 }, { number: 2 }])],
    ['an AsyncIterable', () => numbers(1, 2)],
    ['an array', () => [{ number: 1 }, { number: 2 }]],
  ])('sends %s', async (_name, source) => {
    expect(await proxy.sum(source())).toEqual({ number: 3 });
  });

  it('streams both ways', async () => {
    const { values, error } = await readAll(proxy.chat([{ text: 'one' }, { text: 'two' }]));
    expect(error).toBeUndefined();
    expect(values).toEqual([{ text: 'ONE' }, { text: 'TWO' }]);
  });
});

describe('both proxies', () => {
  it('have each rpc by both forms of its name', async () => {
    expect(Object.keys(client.getService<Lab>('Lab')).sort()).toEqual(
      [
        'Ask',
        'ask',
        'Chat',
        'chat',
        'Count',
        'count',
        'Fail',
        'fail',
        'Look',
        'look',
        'Sum',
        'sum',
        'Wait',
        'wait',
      ].sort(),
    );
    expect(await lastValueFrom(client.getService<Lab>('Lab').Ask({ number: 1 }))).toMatchObject({ number: 2 });
    expect(await client.getAsyncService<AsyncLab>('Lab').Ask({ number: 1 })).toMatchObject({ number: 2 });
  });

  it('are frozen plain objects, the same for each name of the service', () => {
    const proxy = client.getService<Lab>('client.v1.Lab');
    expect(Object.isFrozen(proxy)).toBe(true);
    expect(Object.getPrototypeOf(proxy)).toBe(Object.prototype);
    expect(client.getService<Lab>('Lab')).toBe(proxy);
    expect(client.getAsyncService<AsyncLab>('Lab')).toBe(client.getAsyncService<AsyncLab>('client.v1.Lab'));
    expect(() => {
      (proxy as { ask?: unknown }).ask = undefined;
    }).toThrow(TypeError);
  });

  it('do not answer to names that others look for', async () => {
    type Traps = Record<string, (request: object) => Promise<object>>;
    const traps = client.getAsyncService<Traps>('Traps');
    expect(Object.keys(traps).sort()).toEqual(
      ['Then', 'OnModuleInit', 'OnApplicationShutdown', 'ToJSON', 'ask', 'Ask'].sort(),
    );
    // A proxy with `then` would never come out of a Promise.
    expect(await Promise.resolve(traps)).toBe(traps);
    expect(await traps.Then?.({})).toEqual({ text: 'then' });
    expect(await traps.OnModuleInit?.({})).toEqual({ text: 'onModuleInit' });
    // Each of two rpcs whose names differ in the first letter only has its own.
    expect(await traps.ask?.({})).toEqual({ text: 'ask' });
    expect(await traps.Ask?.({})).toEqual({ text: 'Ask' });
  });

  it('are refused for a service that is not in the schema', () => {
    const unknown = "service 'client.v1.Lap' is not in the schema: it has client.v1.Lab, client.v1.Traps. Did you mean";
    expect(() => client.getService('client.v1.Lap')).toThrow(unknown);
    expect(() => client.getAsyncService('client.v1.Lap')).toThrow(SchemaError);
    expect(() => client.getService(7 as never)).toThrow(
      'a service is named by a string or a ServiceDescriptor; got number 7',
    );
  });
});

describe('send', () => {
  it('calls an rpc by its name, as a cold Observable', async () => {
    expect(await lastValueFrom(client.send('/client.v1.Lab/Ask', { text: 'you' }))).toMatchObject({
      text: 'you said you',
    });
    expect(await lastValueFrom(client.send('Lab/ask', { text: 'me' }))).toMatchObject({ text: 'you said me' });
    const pattern = { service: 'client.v1.Lab', method: 'Count' };
    expect(await lastValueFrom(client.send(pattern, { number: 2 }).pipe(toArray()))).toHaveLength(2);
    const seen = await lastValueFrom(client.send<{ text: string }>('Lab/Look', {}, { metadata: { a: 'b' } }));
    expect(JSON.parse(seen.text)).toMatchObject({ metadata: { a: ['b'] } });
  });

  it.each([
    ['/client.v1.Lab/Aks', /^service client\.v1\.Lab has no rpc 'Aks'; it has .* Did you mean 'Ask'\?$/],
    ['/client.v1.Nope/Ask', /^service 'client\.v1\.Nope' is not in the schema/],
    ['Ask', /^pattern "Ask": expected '\/package\.Service\/Method' or \{ service, method \}$/],
    [{ cmd: 'sum' }, /^pattern \{"cmd":"sum"\}: expected/],
    ['/client.v1.Lab/toString', /^service client\.v1\.Lab has no rpc 'toString'/],
  ])('refuses the pattern %j', async (pattern, message) => {
    await expect(lastValueFrom(client.send(pattern as string, {}))).rejects.toThrow(message);
  });

  it('is there, events are not', () => {
    expect(() => client.emit('/client.v1.Lab/Ask')).toThrow(
      'cannot emit "/client.v1.Lab/Ask": ttrpc has calls only, no events; use send() or a proxy',
    );
  });
});

async function* numbers(...values: number[]): AsyncGenerator<{ number: number }> {
  for (const number of values) yield { number };
}
