import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defer, EMPTY, lastValueFrom, NEVER, Observable, of, type Subscription } from 'rxjs';
import {
  TtrpcClient,
  TtrpcMethod,
  TtrpcService,
  TtrpcStatus,
  type TtrpcCallOptions,
  type TtrpcContext,
  type TtrpcException,
  type TtrpcStream,
} from '../../src/index.js';
import { RawConnection } from '../conformance/run/connection.js';
import { encodeRequest, readResponse } from '../conformance/wire/envelope.js';
import {
  DATA,
  NO_DATA,
  REMOTE_CLOSED,
  REMOTE_OPEN,
  REQUEST,
  RESPONSE,
  type Written,
} from '../conformance/wire/frame.js';
import { LAB_PROTO, startLab, type Lab, type Message } from '../support/nest-lab.js';
import { deferred, type Deferred } from '../support/deferred.js';

/** What the handlers have seen, and who waits for it. */
let seen: string[];
let waiting: Map<string, Deferred<void>>;

function see(what: string): void {
  seen.push(what);
  waiting.get(what)?.resolve();
}

function until(what: string): Promise<void> {
  if (seen.includes(what)) return Promise.resolve();
  const wait = deferred();
  waiting.set(what, wait);
  return wait.promise;
}

function watch({ signal, method }: TtrpcContext): void {
  see(`${method} began`);
  signal.addEventListener('abort', () => see(`signal ${TtrpcStatus[(signal.reason as TtrpcException).code]}`));
}

/** Each of these happened once, the first one first, and nothing else did. */
function expectOnce(first: string, ...rest: string[]): void {
  expect(seen[0]).toBe(first);
  expect(seen.slice(1).sort()).toEqual(rest.sort());
}

/** Handlers of all kinds that never end by themselves. */
@TtrpcService('lab.v1.Lab')
class Endless {
  @TtrpcMethod() ask(_request: Message, context: TtrpcContext): Observable<Message> {
    watch(context);
    return new Observable(() => () => see('unsubscribed'));
  }

  @TtrpcMethod() count(request: Message, context: TtrpcContext): Observable<Message> | AsyncIterable<Message> {
    watch(context);
    if (request.text !== 'iterable') {
      return new Observable((subscriber) => {
        subscriber.next({ number: 1 });
        return () => see('unsubscribed');
      });
    }
    return {
      [Symbol.asyncIterator]: () => {
        let number = 0;
        return {
          next: () =>
            number++ === 0 ? Promise.resolve({ value: { number }, done: false }) : new Promise(() => undefined),
          return: () => {
            see('returned');
            return Promise.resolve({ value: undefined, done: true });
          },
        };
      },
    };
  }

  @TtrpcMethod() async sum(parts: TtrpcStream<Message>, context: TtrpcContext): Promise<Message> {
    watch(context);
    try {
      for await (const { text } of parts) if (text === 'again') for await (const _part of parts);
    } catch (error) {
      see(`stream failed with ${TtrpcStatus[(error as TtrpcException).code]}`);
      throw error;
    }
    return {};
  }

  @TtrpcMethod() chat(lines: TtrpcStream<Message>, context: TtrpcContext): Observable<Message> {
    watch(context);
    return new Observable((subscriber) => {
      const reading = lines.subscribe(subscriber);
      return () => {
        reading.unsubscribe();
        see('unsubscribed');
      };
    });
  }
}

let lab: Lab;
let client: TtrpcClient;

beforeEach(async () => {
  seen = [];
  waiting = new Map();
  lab = await startLab({ controllers: [Endless], server: { gracePeriodMs: 0 } });
  client = new TtrpcClient({ url: lab.folder.url(), protoPath: LAB_PROTO });
});

afterEach(async () => {
  await client.close();
  await lab.close();
});

type Proxy = Record<
  'ask' | 'count' | 'sum' | 'chat',
  (request: unknown, options?: TtrpcCallOptions) => Observable<Message>
>;
type AsyncProxy = Record<'count' | 'chat', (request: unknown, options?: TtrpcCallOptions) => AsyncIterable<Message>>;

const CALLS: Record<string, [method: keyof Proxy, request: () => unknown, cleanup: string]> = {
  unary: ['ask', () => ({}), 'unsubscribed'],
  'server-streaming, an Observable': ['count', () => ({}), 'unsubscribed'],
  'server-streaming, an AsyncIterable': ['count', () => ({ text: 'iterable' }), 'returned'],
  'client-streaming': ['sum', () => NEVER, 'stream failed with CANCELLED'],
  bidi: ['chat', () => NEVER, 'unsubscribed'],
};

describe.each(Object.keys(CALLS))('the handler of a call on its own connection: %s', (name) => {
  const [method, request, cleanup] = CALLS[name] as (typeof CALLS)[string];
  const rpc = `${method[0]?.toUpperCase()}${method.slice(1)}`;

  async function begin(options: TtrpcCallOptions = {}): Promise<{ call: Subscription; failed: Promise<unknown> }> {
    const failed = deferred<unknown>();
    const answers = client.getService<Proxy>('Lab')[method](request(), { ...options, dedicated: true });
    const call = answers.subscribe({ error: (error: unknown) => failed.resolve(error) });
    await until(`${rpc} began`);
    return { call, failed: failed.promise };
  }

  it('learns of an unsubscribe', async () => {
    const { call } = await begin();
    call.unsubscribe();
    await Promise.all([until('signal CANCELLED'), until(cleanup)]);
    expectOnce(`${rpc} began`, 'signal CANCELLED', cleanup);
  });

  it('learns of a signal that aborts', async () => {
    const controller = new AbortController();
    const { failed } = await begin({ signal: controller.signal });
    controller.abort();
    expect(await failed).toMatchObject({ code: TtrpcStatus.CANCELLED });
    await Promise.all([until('signal CANCELLED'), until(cleanup)]);
    expectOnce(`${rpc} began`, 'signal CANCELLED', cleanup);
  });

  it('learns of a deadline', async () => {
    const { failed } = await begin({ timeoutMs: 100 });
    expect(await failed).toMatchObject({ code: TtrpcStatus.DEADLINE_EXCEEDED });
    // The end of the connection may come before the server's own timer.
    await Promise.race([until('signal DEADLINE_EXCEEDED'), until('signal CANCELLED')]);
    await Promise.race([until(cleanup), until('stream failed with DEADLINE_EXCEEDED')]);
  });
});

it.each(['observable', 'iterable'])('leaving a loop cancels a handler that gives an %s', async (text) => {
  for await (const _answer of client.getAsyncService<AsyncProxy>('Lab').count({ text })) break;
  const cleanup = text === 'iterable' ? 'returned' : 'unsubscribed';
  await Promise.all([until('signal CANCELLED'), until(cleanup)]);
  expectOnce('Count began', 'signal CANCELLED', cleanup);
});

describe('on a shared connection', () => {
  it('the deadline of a call that its caller gave up ends its handler, and nothing before it', async () => {
    const subscription = client.getService<Proxy>('Lab').ask({}, { timeoutMs: 150 }).subscribe();
    await until('Ask began');
    subscription.unsubscribe();
    await Promise.all([until('signal DEADLINE_EXCEEDED'), until('unsubscribed')]);
    expect(seen).toEqual(['Ask began', 'signal DEADLINE_EXCEEDED', 'unsubscribed']);
  });
});

describe('a second reader of a request stream', () => {
  it('gets FAILED_PRECONDITION', async () => {
    const call = lastValueFrom(client.getService<Proxy>('Lab').sum(of({ text: 'again' })));
    await expect(call).rejects.toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: 'the request stream of Sum has a reader already: it can be read once',
    });
  });
});

describe('an answer after the deadline is none, also when the timer is late', () => {
  /** The whole process stands still, its timers too, until the deadline of 30 ms is over. */
  function block(): void {
    const end = performance.now() + 60;
    while (performance.now() < end);
  }

  @TtrpcService('lab.v1.Lab')
  class Late {
    @TtrpcMethod() ask({ text }: Message): Message {
      if (text !== 'in time') block();
      return { text };
    }

    @TtrpcMethod() count(): Observable<Message> {
      return defer(() => {
        block();
        return EMPTY;
      });
    }

    @TtrpcMethod() async sum(parts: TtrpcStream<Message>): Promise<Message> {
      for await (const _part of parts);
      block();
      return {};
    }

    @TtrpcMethod() async *chat(lines: TtrpcStream<Message>): AsyncIterable<Message> {
      for await (const line of lines) yield line;
      block();
    }
  }

  it.each(['Ask', 'Count', 'Sum', 'Chat'])('%s', async (method) => {
    const late = await startLab({ controllers: [Late] });
    // Not our client: its own timer would have the last word.
    const raw = await RawConnection.toPath(late.folder.file('s.sock'));
    const request = (id: number, name: string, text: string, timeoutNano?: string): Written[] => {
      const message = Buffer.from([10, text.length, ...Buffer.from(text)]).toString('hex');
      const streams = name === 'Sum' || name === 'Chat';
      const flags = { Ask: 0, Count: REMOTE_CLOSED }[name] ?? REMOTE_OPEN | NO_DATA;
      const payload = streams ? {} : { payload: { hex: message } };
      const data = encodeRequest({
        service: 'lab.v1.Lab',
        method: name,
        ...payload,
        ...(timeoutNano && { timeoutNano }),
      });
      const frames: Written[] = [{ id, type: REQUEST, flags, data: { hex: data.toString('hex') } }];
      if (streams) frames.push({ id, type: DATA, flags: REMOTE_CLOSED | NO_DATA });
      return frames;
    };
    await raw.write([...request(1, method, 'late', '30000000'), ...request(3, 'Ask', 'in time')]);
    const answers: unknown[] = [];
    while (answers.length < 2) {
      const incoming = await raw.next(() => `the answers came: ${JSON.stringify(answers)}`);
      if (!('frame' in incoming)) throw new Error(incoming.ended);
      const { id, type, data } = incoming.frame;
      answers.push({ id, type, code: type === RESPONSE ? (readResponse(data).status?.code ?? 0) : undefined });
    }
    // One word on it, and no other before or after.
    await raw.write(request(5, 'Ask', 'in time'));
    const last = await raw.next(() => 'the last answer came');
    expect(last).toMatchObject({ frame: { id: 5, type: RESPONSE } });
    const sorted = answers.toSorted((one, other) => (one as { id: number }).id - (other as { id: number }).id);
    expect(sorted).toEqual([
      { id: 1, type: RESPONSE, code: TtrpcStatus.DEADLINE_EXCEEDED },
      { id: 3, type: RESPONSE, code: 0 },
    ]);
    await raw.destroy();
    await late.close();
  });
});
