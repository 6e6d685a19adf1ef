import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { EMPTY, from, lastValueFrom, map, NEVER, Observable, range, take, throwError, toArray } from 'rxjs';
import { TtrpcException } from '../../src/common/ttrpc-exception.js';
import { TtrpcMetadata, TtrpcStatus } from '../../src/protocol/index.js';
import { EncodeError } from '../../src/schema/index.js';
import type { TtrpcCallOptions, TtrpcCallParent, TtrpcClient, TtrpcClientOptions } from '../../src/client/index.js';
import { turns, turn } from '../support/deferred.js';
import {
  ClientLab,
  readAll,
  type Answer,
  type AsyncLab,
  type Lab,
  type Question,
  type Seen,
} from '../support/client-lab.js';

let lab: ClientLab;
let client: TtrpcClient;
let observables: Lab;
let promises: AsyncLab;

function use(options: Partial<TtrpcClientOptions> = {}): void {
  client = lab.client(options);
  observables = client.getService<Lab>('client.v1.Lab');
  promises = client.getAsyncService<AsyncLab>('client.v1.Lab');
}

beforeEach(async () => {
  lab = new ClientLab();
  await lab.start();
  use();
});

afterEach(() => lab.close());

async function seen(options?: TtrpcCallOptions): Promise<Seen> {
  return JSON.parse((await promises.look({}, options)).text as string) as Seen;
}

/** Rejects unless `failing` rejects with a TtrpcException of this code and message. */
async function expectException(failing: Promise<unknown>, code: TtrpcStatus, message: string | RegExp): Promise<void> {
  const error = await failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TtrpcException);
  expect(error).toMatchObject({
    code,
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  });
}

/** The four shapes of a failing call, in both forms; each has its arguments and gives a promise. */
const FORMS: [string, (request: unknown, options?: TtrpcCallOptions) => Promise<unknown>][] = [
  ['observable unary', (request, options) => lastValueFrom(observables.wait(request as Question, options))],
  ['observable server-streaming', (request, options) => lastValueFrom(observables.count(request as Question, options))],
  ['observable client-streaming', (_request, options) => lastValueFrom(observables.sum(NEVER, options))],
  ['observable bidi', (_request, options) => lastValueFrom(observables.chat(NEVER, options))],
  ['async unary', (request, options) => promises.wait(request as Question, options)],
  ['async server-streaming', (request, options) => failure(promises.count(request as Question, options))],
  ['async client-streaming', (_request, options) => promises.sum(NEVER, options)],
  ['async bidi', (_request, options) => failure(promises.chat(NEVER, options))],
];

async function failure(stream: AsyncIterable<Answer>): Promise<void> {
  for await (const _answer of stream);
}

describe('metadata', () => {
  it.each(FORMS)('travels with all shapes: %s', async (_name, form) => {
    const metadata = { Trace: 'abc', many: ['1', '2'] };
    const controller = new AbortController();
    const call = form({}, { metadata, signal: controller.signal, timeoutMs: 60_000 });
    const ended = expectException(call, TtrpcStatus.CANCELLED, /aborted/);
    await lab.until(() => lab.seen.length === 1);
    controller.abort();
    await ended;
    expect(lab.seen).toMatchObject([{ metadata: { trace: ['abc'], many: ['1', '2'] } }]);
    expect(lab.seen[0]?.leftMs).toBeGreaterThan(30_000);
  });

  it('is whatever can be made metadata, or none', async () => {
    expect((await seen()).metadata).toEqual({});
    expect((await seen({ metadata: new TtrpcMetadata({ a: 'b' }) })).metadata).toEqual({ a: ['b'] });
    expect(
      (
        await seen({
          metadata: [
            ['a', 'b'],
            ['a', 'c'],
          ],
        })
      ).metadata,
    ).toEqual({ a: ['b', 'c'] });
  });

  it('adds to what the client sends always; its keys come first', async () => {
    const metadata = new TtrpcMetadata({ app: 'lab', role: ['a', 'b'] });
    use({ metadata });
    metadata.set('app', 'changed later');
    expect((await seen({ metadata: { Role: 'c' } })).metadata).toEqual({ app: ['lab'], role: ['c'] });
    expect((await seen()).metadata).toEqual({ app: ['lab'], role: ['a', 'b'] });
  });

  it('is copied when the call begins', async () => {
    const metadata = new TtrpcMetadata({ a: 'before' });
    // The first call has to wait for a connection: it is not written when the metadata changes.
    const call = seen({ metadata });
    metadata.set('a', 'after');
    expect((await call).metadata).toEqual({ a: ['before'] });
  });

  it("takes what Nest's dispatch hook adds", async () => {
    const patterns: unknown[] = [];
    client.setOnDispatchHook((packet) => {
      patterns.push(packet.pattern);
      packet.metadata = { traceparent: '00-1' };
    });
    expect((await seen({ metadata: { a: 'b' } })).metadata).toEqual({ a: ['b'], traceparent: ['00-1'] });
    expect(patterns).toEqual(['/client.v1.Lab/Look']);
  });
});

describe('a timeout', () => {
  it('is sent, the call’s own before the client’s', async () => {
    expect((await seen()).leftMs).toBeNull();
    use({ timeoutMs: 60_000 });
    expect((await seen()).leftMs).toBeGreaterThan(30_000);
    const { leftMs } = await seen({ timeoutMs: 600_000 });
    expect(leftMs).toBeGreaterThan(300_000);
    expect(leftMs).toBeLessThanOrEqual(600_000);
    expect((await seen({ timeoutMs: Infinity })).leftMs).toBeNull();
  });

  it.each(FORMS)('ends a call: %s', async (_name, form) => {
    await expectException(form({}, { timeoutMs: 30 }), TtrpcStatus.DEADLINE_EXCEEDED, /deadline/);
  });

  it.each([
    [-1, '-1'],
    [0, '0'],
    [NaN, 'NaN'],
    ['5' as unknown as number, 'string "5"'],
  ])('must be a number above 0, not %p', async (timeoutMs, got) => {
    const message = `timeoutMs: expected a number of milliseconds above 0, got ${got}`;
    for (const [, form] of FORMS) await expectException(form({}, { timeoutMs }), TtrpcStatus.INVALID_ARGUMENT, message);
    expect(lab.server?.connectionCount).toBe(0);
  });

  it('that a server tells of stands behind what it has sent', async () => {
    const stream = promises.count({ number: 10, text: 'late' });
    const first = await stream.next();
    expect(first.value).toMatchObject({ number: 0 });
    await lab.until(() => lab.ended.length === 1);
    await lab.untilConnections(0);
    const { values, error } = await readAll(stream);
    expect(values.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(error).toMatchObject({ code: TtrpcStatus.DEADLINE_EXCEEDED, message: 'took too long' });
  });

  it('covers connecting', async () => {
    use({ connect: () => new Promise(() => undefined) });
    await expectException(promises.ask({}, { timeoutMs: 20 }), TtrpcStatus.DEADLINE_EXCEEDED, /deadline/);
    await expectException(promises.sum([], { timeoutMs: 20 }), TtrpcStatus.DEADLINE_EXCEEDED, /deadline/);
  });
});

describe('a signal', () => {
  it.each(FORMS)('that has aborted sends nothing: %s', async (_name, form) => {
    const signal = AbortSignal.abort(new Error('changed my mind'));
    await expectException(form({}, { signal }), TtrpcStatus.CANCELLED, 'the call was aborted: changed my mind');
    expect(lab.server?.connectionCount).toBe(0);
  });

  it.each(FORMS)('ends a call: %s', async (_name, form) => {
    const controller = new AbortController();
    const call = form({}, { signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    const ended = expectException(call, TtrpcStatus.CANCELLED, /aborted: enough/);
    controller.abort(new Error('enough'));
    await ended;
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('reaches the handler on a connection of its own', async () => {
    const controller = new AbortController();
    const call = promises.wait({}, { signal: controller.signal, dedicated: true });
    await lab.until(() => lab.waits.length === 1);
    controller.abort();
    await expectException(call, TtrpcStatus.CANCELLED, /aborted/);
    await lab.until(() => lab.ended.length === 1);
    expect(lab.ended).toEqual([{ method: 'Wait', aborted: TtrpcStatus.CANCELLED }]);
  });

  it('overtakes the answers that nobody has read', async () => {
    const controller = new AbortController();
    const stream = promises.count({ number: 100, text: 'stay' }, { signal: controller.signal });
    await stream.next();
    await lab.until(() => lab.produced === 100);
    await turns(20);
    controller.abort(new Error('enough'));
    await expectException(stream.next(), TtrpcStatus.CANCELLED, /enough/);
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });

  it('leaves no listener behind a call that has ended', async () => {
    const { signal } = new AbortController();
    await promises.ask({}, { signal });
    await lastValueFrom(observables.sum([{ number: 1 }], { signal }));
    await readAll(promises.count({ number: 3 }, { signal }));
    await promises.fail({}, { signal }).catch(() => undefined);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('must be one', async () => {
    const message = 'signal: expected an AbortSignal, got an object';
    await expectException(promises.ask({}, { signal: {} as AbortSignal }), TtrpcStatus.INVALID_ARGUMENT, message);
  });
});

describe('a parent', () => {
  class Parent implements TtrpcCallParent {
    readonly controller = new AbortController();
    constructor(
      readonly deadline: Date | undefined,
      readonly metadata = new TtrpcMetadata(),
    ) {}
    get signal(): AbortSignal {
      return this.controller.signal;
    }
  }

  it('hands on what is left of its deadline', async () => {
    const parent = new Parent(new Date(Date.now() + 100_000));
    expect((await seen({ parent })).leftMs).toBeGreaterThan(50_000);
    expect((await seen({ parent })).leftMs).toBeLessThanOrEqual(100_000);
    expect((await seen({ parent, timeoutMs: 10_000 })).leftMs).toBeLessThanOrEqual(10_000);
    expect((await seen({ parent, timeoutMs: 1_000_000 })).leftMs).toBeLessThanOrEqual(100_000);
    expect((await seen({ parent: new Parent(undefined), timeoutMs: 10_000 })).leftMs).toBeGreaterThan(5_000);
    const late = new Parent(new Date(Date.now() - 1));
    await expectException(promises.ask({}, { parent: late }), TtrpcStatus.DEADLINE_EXCEEDED, /deadline/);
  });

  it('hands on its signal, with the reason as it is', async () => {
    const parent = new Parent(undefined);
    const { signal } = new AbortController();
    const call = promises.wait({}, { parent, signal });
    await lab.until(() => lab.waits.length === 1);
    const reason = new TtrpcException(TtrpcStatus.UNAVAILABLE, 'the server closes');
    parent.controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(promises.ask({}, { parent })).rejects.toBe(reason);
    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('hands on the metadata keys that are named', async () => {
    use({ propagateMetadata: ['Trace', 'tenant', 'role'], metadata: { tenant: 'default', role: 'default' } });
    const parent = new Parent(undefined, new TtrpcMetadata({ trace: ['1', '2'], secret: 'x', role: 'parent' }));
    const { metadata } = await seen({ parent, metadata: { role: 'own' } });
    expect(metadata).toEqual({ trace: ['1', '2'], tenant: ['default'], role: ['own'] });
    use();
    expect((await seen({ parent })).metadata).toEqual({});
  });

  it('must be a context', async () => {
    const message = 'parent: expected the context of a handler, got an object';
    await expectException(promises.ask({}, { parent: {} as never }), TtrpcStatus.INVALID_ARGUMENT, message);
  });
});

describe('an error of the server', () => {
  it('is a TtrpcException with its details, which the client unpacks', async () => {
    const error: unknown = await promises.fail({ text: 'not here', number: 5 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TtrpcException);
    const { code, message, details } = error as TtrpcException;
    expect([code, message, details.length]).toEqual([TtrpcStatus.NOT_FOUND, 'not here', 1]);
    const [detail] = details;
    expect(detail && client.unpack(detail)).toEqual({ text: 'the detail', number: 7 });
    expect(client.pack('client.v1.Answer', { text: 'the detail', number: 7 })).toEqual(detail);
    expect(() => client.pack('client.v1.Anwser', {})).toThrow("Did you mean 'client.v1.Answer'?");
  });

  it('comes behind the messages of its stream', async () => {
    const { values, error } = await readAll(promises.count({ number: 3, text: 'fail' }));
    expect(values.map(({ number }) => number)).toEqual([0, 1, 2]);
    expect(error).toMatchObject({ code: TtrpcStatus.DATA_LOSS, message: 'lost the thread' });
    const observed: unknown[] = [];
    const failed = new Promise((resolve) => {
      observables
        .count({ number: 3, text: 'fail' })
        .subscribe({ next: (value) => observed.push(value), error: resolve });
    });
    expect(await failed).toMatchObject({ code: TtrpcStatus.DATA_LOSS });
    expect(observed).toHaveLength(3);
  });
});

describe('a message that does not fit its type', () => {
  const wrong = { inner: { list: [1, 'x'] } } as unknown as Question;

  it.each(FORMS.filter(([name]) => /unary|server/.test(name)))(
    'is INVALID_ARGUMENT with its field: %s',
    async (_name, form) => {
      const call = form(wrong);
      await expectException(
        call,
        TtrpcStatus.INVALID_ARGUMENT,
        'client.v1.Question: inner.list[1]: expected an integer',
      );
      await expect(call).rejects.toMatchObject({ cause: expect.any(EncodeError) as unknown });
    },
  );

  it.each([
    ['an Observable', (source: AsyncIterable<Question>) => from(source)],
    ['an AsyncIterable', (source: AsyncIterable<Question>) => source],
  ])('ends the call that streams it, as %s', async (_name, as) => {
    async function* messages(): AsyncGenerator<Question> {
      const { received } = lab;
      yield { number: 1 };
      await lab.until(() => lab.received > received);
      yield wrong;
    }
    const message = 'client.v1.Question: inner.list[1]: expected an integer';
    await expectException(promises.sum(as(messages())), TtrpcStatus.INVALID_ARGUMENT, message);
    await expectException(lastValueFrom(observables.chat(as(messages()))), TtrpcStatus.INVALID_ARGUMENT, message);
    // Nobody must take the first message for a whole upload.
    await lab.until(() => lab.ended.length === 2);
    expect(lab.ended.every(({ aborted }) => aborted === TtrpcStatus.CANCELLED)).toBe(true);
  });

  it('may be too long; the next one is sent', async () => {
    await promises.ask({});
    const text = 'x'.repeat(5 << 20);
    await expectException(
      promises.ask({ text }),
      TtrpcStatus.RESOURCE_EXHAUSTED,
      /^message length 52\d+ exceeds the maximum of 4194304/,
    );
    await expectException(promises.sum([{ text }]), TtrpcStatus.RESOURCE_EXHAUSTED, /exceeds the maximum/);
    expect(await promises.ask({ number: 1 })).toMatchObject({ number: 2 });
  });
});

describe('options', () => {
  it.each([
    ['a string', 'string "a string"'],
    [new TtrpcMetadata(), 'an object of class TtrpcMetadata'],
  ])('must be an object: %p', async (options, got) => {
    const message = `call options: expected an object such as { timeoutMs, metadata, signal }, got ${got}`;
    for (const [, form] of FORMS) {
      await expectException(form({}, options as TtrpcCallOptions), TtrpcStatus.INVALID_ARGUMENT, message);
    }
  });

  it('have metadata of strings', async () => {
    const metadata = { a: 1 } as unknown as Record<string, string>;
    await expectException(
      promises.ask({}, { metadata }),
      TtrpcStatus.INVALID_ARGUMENT,
      /metadata "a": expected a string/,
    );
    await expectException(
      promises.ask({}, { metadata: 'x' as never }),
      TtrpcStatus.INVALID_ARGUMENT,
      /metadata: expected keys/,
    );
  });
});

describe('a request stream', () => {
  it.each([
    [undefined, 'undefined'],
    [{ number: 1 }, 'an object'],
    ['text', 'string "text"'],
    [Promise.resolve([]), 'an object of class Promise'],
  ])('must be a stream, not %p', async (source, got) => {
    const message = `client.v1.Lab/Sum takes a stream: expected an Observable or an AsyncIterable of client.v1.Question, got ${got}`;
    await expectException(promises.sum(source as never), TtrpcStatus.INVALID_ARGUMENT, message);
    await expectException(lastValueFrom(observables.sum(source as never)), TtrpcStatus.INVALID_ARGUMENT, message);
    await expectException(
      promises.chat(source as never).next(),
      TtrpcStatus.INVALID_ARGUMENT,
      /^client.v1.Lab\/Chat takes/,
    );
    expect(lab.server?.connectionCount).toBe(0);
  });

  it('may be empty', async () => {
    expect(await promises.sum(EMPTY)).toEqual({ number: 0 });
    expect(await promises.sum([])).toEqual({ number: 0 });
    expect(await readAll(promises.chat([]))).toEqual({ values: [], error: undefined });
  });

  it('that fails fails its call with its own error, and the handler does not take it for an end', async () => {
    const error = new Error('the disk is gone');
    async function* failing(): AsyncGenerator<Question> {
      const { received } = lab;
      yield { number: 1 };
      await lab.until(() => lab.received > received);
      throw error;
    }
    await expect(promises.sum(failing())).rejects.toBe(error);
    await expect(promises.sum(from(failing()))).rejects.toBe(error);
    await expect(lastValueFrom(observables.chat(from(failing())))).rejects.toBe(error);
    expect((await readAll(promises.chat(failing()))).error).toBe(error);
    await lab.until(() => lab.ended.length === 4);
    expect(lab.ended.every(({ aborted }) => aborted === TtrpcStatus.CANCELLED)).toBe(true);
  });

  it('that fails at once fails its call, which is never made', async () => {
    const error = new Error('no disk');
    await expect(lastValueFrom(observables.sum(throwError(() => error)))).rejects.toBe(error);
    await promises.ask({});
    expect(lab.received).toBe(0);
  });

  it('is let go when the server ends the call before it', async () => {
    let returned = 0;
    async function* endless(): AsyncGenerator<Question> {
      try {
        yield { text: 'enough' };
        await turn();
        for (;;) {
          await turn();
          yield {};
        }
      } finally {
        returned++;
      }
    }
    let unsubscribed = 0;
    const observable = new Observable<Question>((subscriber) => {
      subscriber.next({ text: 'enough' });
      return () => unsubscribed++;
    });
    expect(await promises.sum(endless())).toEqual({ number: 0 });
    expect(await promises.sum(observable)).toEqual({ number: 0 });
    expect(unsubscribed).toBe(1);
    while (returned === 0) await turns(1);
    expect(returned).toBe(1);
  });

  it('is let go when the server fails the call', async () => {
    let unsubscribed = 0;
    const lines = new Observable<Question>((subscriber) => {
      subscriber.next({ text: 'fail' });
      return () => unsubscribed++;
    });
    const failed = { code: TtrpcStatus.ABORTED, message: 'no more of this' };
    await expect(lastValueFrom(observables.chat(lines))).rejects.toMatchObject(failed);
    expect((await readAll(promises.chat(lines))).error).toMatchObject(failed);
    expect(unsubscribed).toBe(2);
  });

  it('that outruns the server ends with RESOURCE_EXHAUSTED and is unsubscribed, at once', async () => {
    use({ maxBufferedBytes: 1 << 20 });
    let given = 0;
    const flood = range(0, 1_000_000_000).pipe(
      map(() => {
        given++;
        return { text: 'x'.repeat(1000) };
      }),
    );
    await expectException(promises.sum(flood), TtrpcStatus.RESOURCE_EXHAUSTED, /limit of 1048576 bytes/);
    expect(given).toBeLessThan(2000);
  });

  it('that can wait is pulled only while the server takes it', async () => {
    use({ maxBufferedBytes: 1 << 20 });
    let given = 0;
    function* flood(): Generator<Question> {
      for (; given < 5000; given++) yield { text: 'x'.repeat(1000), number: 1 };
    }
    expect(await promises.sum(flood())).toEqual({ number: 5000 });
  });

  it('is not pulled before there is a connection', async () => {
    const connecting = new Promise<never>(() => undefined);
    use({ connect: () => connecting });
    let given = 0;
    function* source(): Generator<Question> {
      for (;;) yield { number: given++ };
    }
    const call = promises.sum(source(), { timeoutMs: 30 });
    await expectException(call, TtrpcStatus.DEADLINE_EXCEEDED, /deadline/);
    expect(given).toBeLessThanOrEqual(1);
  });
});

describe('a stream of answers', () => {
  it.each([
    ['without interceptors', {}],
    ['behind interceptors', { interceptors: [(_call, next) => next()] }],
  ] satisfies [string, Partial<TtrpcClientOptions>][])('has one reader, %s', async (_name, options) => {
    use(options);
    const stream = promises.count({ number: 3 });
    expect((await stream.next()).value).toMatchObject({ number: 0 });
    const reader = stream[Symbol.asyncIterator]();
    // The same reader may loop over what it has.
    expect((await readAll(reader)).values).toHaveLength(2);
    const { error } = await readAll(stream);
    expect(error).toBeInstanceOf(TtrpcException);
    expect(error).toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: 'client.v1.Lab/Count: its messages have a reader already: they can be read once',
    });
    // Each subscription to an Observable is a call of its own.
    const observable = observables.count({ number: 3 });
    expect(await lastValueFrom(observable.pipe(toArray()))).toHaveLength(3);
    expect(await lastValueFrom(observable.pipe(toArray()))).toHaveLength(3);
  });
});

describe('a slow reader', () => {
  it.each([
    ['without interceptors', {}],
    ['behind interceptors', { interceptors: [(_call, next) => next()] }],
  ] satisfies [string, Partial<TtrpcClientOptions>][])('slows the server, %s', async (_name, options) => {
    use(options);
    const stream = promises.count({});
    await stream.next();
    let before = -1;
    // Nobody reads: the server's lead stops growing, with what the sockets hold.
    while (before !== lab.produced) {
      before = lab.produced;
      await turns(200);
    }
    expect(lab.produced).toBeLessThan(200_000);
    for (let read = 1; read < 1000; read++) expect((await stream.next()).value).toMatchObject({ number: read });
    await stream.return?.();
    await lab.until(() => lab.ended.length === 1);
    expect(lab.ended).toEqual([{ method: 'Count', aborted: TtrpcStatus.CANCELLED }]);
  });

  it('holds back the request side of its call', async () => {
    let given = 0;
    async function* lines(): AsyncGenerator<Question> {
      for (;;) yield { text: `line ${given++}` };
    }
    const stream = promises.chat(lines());
    expect(await stream.next()).toMatchObject({ value: { text: 'LINE 0' } });
    let before = -1;
    while (before !== given) {
      before = given;
      await turns(200);
    }
    expect(given).toBeLessThan(5000);
    for (let read = 1; read < 2000; read++) expect((await stream.next()).value).toEqual({ text: `LINE ${read}` });
    await stream.return?.();
    await lab.until(() => lab.ended.length === 1);
  });
});

describe('cancel', () => {
  it('by unsubscribing reaches the handler of a stream and closes its connection', async () => {
    await promises.ask({});
    const first = await lastValueFrom(observables.count({}).pipe(take(3), toArray()));
    expect(first.map(({ number }) => number)).toEqual([0, 1, 2]);
    await lab.until(() => lab.ended.length === 1);
    expect(lab.ended).toEqual([{ method: 'Count', aborted: TtrpcStatus.CANCELLED }]);
    await lab.untilConnections(1);
  });

  it('by leaving a loop does the same', async () => {
    for await (const { number } of promises.count({})) if (number === 10) break;
    await lab.until(() => lab.ended.length === 1);
    expect(lab.ended).toEqual([{ method: 'Count', aborted: TtrpcStatus.CANCELLED }]);
    await lab.untilConnections(0);
  });

  it('by unsubscribing lets go of the request stream', async () => {
    let unsubscribed = 0;
    const lines = new Observable<Question>((subscriber) => {
      subscriber.next({ text: 'one' });
      return () => unsubscribed++;
    });
    await new Promise<void>((resolve) => {
      const subscription = observables.chat(lines).subscribe(() => {
        subscription.unsubscribe();
        resolve();
      });
    });
    expect(unsubscribed).toBe(1);
    await lab.until(() => lab.ended.length === 1);
  });

  it('of a unary call ends it here; the others on its connection go on', async () => {
    const other = promises.wait({});
    const subscription = observables.wait({}).subscribe();
    await lab.until(() => lab.waits.length === 2);
    subscription.unsubscribe();
    for (const wait of lab.waits) wait.resolve({ text: 'done' });
    expect(await other).toEqual({ text: 'done' });
    expect(lab.server?.connectionCount).toBe(1);
  });
});
