import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { defer, finalize, from, lastValueFrom, map, NEVER, of, retry, switchMap, throwError, toArray } from 'rxjs';
import { TtrpcException } from '../../src/common/ttrpc-exception.js';
import { TtrpcMetadata, TtrpcStatus } from '../../src/protocol/index.js';
import type { InterceptedCall, TtrpcClientInterceptor, TtrpcClientOptions } from '../../src/client/index.js';
import { ClientLab, readAll, type Answer, type AsyncLab, type Lab, type Seen } from '../support/client-lab.js';

let lab: ClientLab;

beforeEach(async () => {
  lab = new ClientLab();
  await lab.start();
});

afterEach(() => lab.close());

function proxies(interceptors: TtrpcClientInterceptor[], options: Partial<TtrpcClientOptions> = {}): [Lab, AsyncLab] {
  const client = lab.client({ interceptors, ...options });
  return [client.getService<Lab>('client.v1.Lab'), client.getAsyncService<AsyncLab>('client.v1.Lab')];
}

function lastSeen(): Seen {
  return lab.seen.at(-1) as Seen;
}

describe('an interceptor', () => {
  it('sees the calls of all shapes and of both proxies', async () => {
    const calls: InterceptedCall[] = [];
    const [observables, promises] = proxies([
      (call, next) => {
        calls.push(call);
        return next();
      },
    ]);
    const parts = [{ number: 1 }, { number: 2 }];
    expect(await lastValueFrom(observables.ask({ number: 1 }))).toMatchObject({ number: 2 });
    expect(await lastValueFrom(observables.count({ number: 2 }).pipe(toArray()))).toHaveLength(2);
    expect(await lastValueFrom(observables.sum(from(parts)))).toEqual({ number: 3 });
    expect(await lastValueFrom(observables.chat([{ text: 'a' }]))).toEqual({ text: 'A' });
    expect(await promises.ask({ number: 1 })).toMatchObject({ number: 2 });
    expect(await readAll(promises.count({ number: 2 }))).toMatchObject({ values: [{ number: 0 }, { number: 1 }] });
    expect(await promises.sum(parts)).toEqual({ number: 3 });
    expect(await readAll(promises.chat([{ text: 'a' }]))).toEqual({ values: [{ text: 'A' }], error: undefined });
    const half = [
      ['Ask', 'unary'],
      ['Count', 'server-streaming'],
      ['Sum', 'client-streaming'],
      ['Chat', 'bidi'],
    ];
    expect(calls.map(({ method, shape }) => [method, shape])).toEqual([...half, ...half]);
    expect(calls.every(({ service }) => service === 'client.v1.Lab')).toBe(true);
    expect(calls[0]?.request).toEqual({ number: 1 });
    expect(calls[6]?.request).toBe(parts);
  });

  it('is called at each subscription, at once for a Promise, at the first next of an iterable', async () => {
    let calls = 0;
    const [observables, promises] = proxies([
      (_call, next) => {
        calls++;
        return next();
      },
    ]);
    const call = observables.ask({});
    const stream = promises.count({ number: 1 });
    expect(calls).toBe(0);
    await lastValueFrom(call);
    await lastValueFrom(call);
    expect(calls).toBe(2);
    const promise = promises.ask({});
    expect(calls).toBe(3);
    await promise;
    await stream.next();
    expect(calls).toBe(4);
    await stream.return?.();
  });

  it('stands in a row with others, the first one outermost', async () => {
    const order: string[] = [];
    const named =
      (name: string): TtrpcClientInterceptor =>
      (_call, next) => {
        order.push(`${name} before`);
        return next().pipe(
          map((answer) => {
            order.push(`${name} after`);
            return answer;
          }),
        );
      };
    const [, promises] = proxies([named('outer'), named('inner')]);
    await promises.ask({});
    expect(order).toEqual(['outer before', 'inner before', 'inner after', 'outer after']);
  });

  it('changes metadata: its own copy, with all that would be sent', async () => {
    const [, promises] = proxies(
      [
        ({ options }, next) => {
          expect(options.metadata.toJSON()).toEqual({ app: ['lab'], mine: ['1'] });
          options.metadata.set('signed', 'yes');
          options.metadata.delete('app');
          return next();
        },
      ],
      { metadata: { app: 'lab' } },
    );
    const metadata = new TtrpcMetadata({ mine: '1' });
    await promises.ask({}, { metadata });
    await promises.ask({}, { metadata });
    expect(lastSeen().metadata).toEqual({ mine: ['1'], signed: ['yes'] });
    expect(metadata.toJSON()).toEqual({ mine: ['1'] });
  });

  it('changes request, options and answers', async () => {
    const [observables, promises] = proxies([
      (call, next) =>
        next({ ...call, request: { number: 41 }, options: { ...call.options, timeoutMs: 10_000 } }).pipe(
          map((answer) => ({ ...(answer as Answer), text: 'changed' })),
        ),
    ]);
    expect(await promises.ask({ number: 1 }, { timeoutMs: 60_000 })).toEqual({ text: 'changed', number: 42 });
    expect(lastSeen().leftMs).toBeLessThanOrEqual(10_000);
    expect(await lastValueFrom(observables.ask({}))).toEqual({ text: 'changed', number: 42 });
  });

  it('waits before it goes on; the time counts', async () => {
    const token = Promise.resolve('t');
    const [, promises] = proxies([
      (call, next) =>
        from(token).pipe(
          switchMap((text) => {
            call.options.metadata.set('token', text);
            return next();
          }),
        ),
    ]);
    await promises.ask({}, { timeoutMs: 60_000 });
    expect(lastSeen().metadata).toEqual({ token: ['t'] });
    const unsubscribed: string[] = [];
    const [observables, late] = proxies([(call) => NEVER.pipe(finalize(() => unsubscribed.push(call.method)))]);
    const expired = { code: TtrpcStatus.DEADLINE_EXCEEDED };
    await expect(late.ask({}, { timeoutMs: 10 })).rejects.toMatchObject(expired);
    await expect(lastValueFrom(observables.sum([], { timeoutMs: 10 }))).rejects.toMatchObject(expired);
    await expect(late.count({}, { timeoutMs: 10 }).next()).rejects.toMatchObject(expired);
    const controller = new AbortController();
    const call = late.ask({}, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(call).rejects.toMatchObject({ code: TtrpcStatus.CANCELLED });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect(unsubscribed).toEqual(['Ask', 'Sum', 'Count', 'Ask']);
  });

  it('makes the call again, or not at all', async () => {
    let attempts = 0;
    const [, promises] = proxies([
      (call, next) => {
        if (call.method === 'Look') return of({ text: 'from memory' });
        return defer(() => next({ ...call, request: { number: ++attempts === 3 ? 0 : 14, text: 'busy' } })).pipe(
          retry({
            count: 3,
            delay: (error: TtrpcException) =>
              error.code === TtrpcStatus.UNAVAILABLE ? of(0) : throwError(() => error),
          }),
        );
      },
    ]);
    expect(await promises.look({})).toEqual({ text: 'from memory' });
    expect(lab.seen).toHaveLength(0);
    await promises.fail({}, { timeoutMs: 10_000 }).catch(() => undefined);
    expect(lab.seen).toHaveLength(3);
  });

  it('gets errors as exceptions and may turn them into others', async () => {
    const [observables, promises] = proxies([
      (_call, next) => {
        return next().pipe(
          // What passes is a TtrpcException already.
          map((answer) => answer),
        );
      },
    ]);
    await expect(promises.fail({ text: 'no', number: 7 })).rejects.toBeInstanceOf(TtrpcException);
    await expect(lastValueFrom(observables.fail({ text: 'no', number: 7 }))).rejects.toMatchObject({
      code: TtrpcStatus.PERMISSION_DENIED,
      message: 'no',
    });
    const { error } = await readAll(promises.count({ number: 2, text: 'fail' }));
    expect(error).toMatchObject({ code: TtrpcStatus.DATA_LOSS });
  });

  it('that fails fails its call; the others go on', async () => {
    const failure = new Error('no key');
    const [observables, promises] = proxies([
      (call, next) => {
        if (call.method === 'Ask') throw failure;
        return next();
      },
    ]);
    await expect(promises.ask({})).rejects.toBe(failure);
    await expect(lastValueFrom(observables.ask({}))).rejects.toBe(failure);
    expect(await promises.sum([{ number: 1 }])).toEqual({ number: 1 });
  });

  it('gives an Observable with an answer', async () => {
    const [, broken] = proxies([function signer() { return undefined as never; }]); // prettier-ignore
    await expect(broken.ask({})).rejects.toThrow(
      'interceptor signer of client.v1.Lab/Ask: expected an Observable, got undefined',
    );
    const [, silent] = proxies([() => from([])]);
    await expect(silent.ask({})).rejects.toMatchObject({
      code: TtrpcStatus.INTERNAL,
      message: 'an interceptor of client.v1.Lab/Ask ended the call without a response',
    });
  });

  it('is behind the checks of what the caller passed', async () => {
    let calls = 0;
    const [, promises] = proxies([
      (_call, next) => {
        calls++;
        return next();
      },
    ]);
    await expect(promises.ask({}, 'x' as never)).rejects.toMatchObject({ code: TtrpcStatus.INVALID_ARGUMENT });
    const metadata = { a: 1 } as never;
    await expect(promises.ask({}, { metadata })).rejects.toMatchObject({ code: TtrpcStatus.INVALID_ARGUMENT });
    expect(calls).toBe(0);
    await expect(promises.ask({}, { timeoutMs: -1 })).rejects.toMatchObject({ code: TtrpcStatus.INVALID_ARGUMENT });
  });

  it('lets a cancel through', async () => {
    const [observables, promises] = proxies([(_call, next) => next().pipe(map((answer) => answer))]);
    for await (const { number } of promises.count({})) if (number === 5) break;
    await lab.until(() => lab.ended.length === 1);
    const subscription = observables.wait({}, { dedicated: true }).subscribe();
    await lab.until(() => lab.waits.length === 1);
    subscription.unsubscribe();
    await lab.until(() => lab.ended.length === 2);
    expect(lab.ended.map(({ aborted }) => aborted)).toEqual([TtrpcStatus.CANCELLED, TtrpcStatus.CANCELLED]);
    await lab.untilConnections(0);
  });
});
