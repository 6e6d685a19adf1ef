import { afterEach, expect, it } from '@jest/globals';
import { Logger, type Type } from '@nestjs/common';
import { lastValueFrom, of, type Observable } from 'rxjs';
import { TtrpcClient, TtrpcMethod, TtrpcService, TtrpcStatus } from '../../src/index.js';
import { LAB_PROTO, startLab, type Lab, type Message } from '../support/nest-lab.js';

let lab: Lab;
let client: TtrpcClient;
let errors: string[];

afterEach(async () => {
  Logger.overrideLogger(false);
  await client.close();
  await lab.close();
});

interface LabClient {
  ask(request: unknown): Promise<Message>;
  count(request: unknown): AsyncIterable<Message>;
  sum(requests: unknown): Promise<Message>;
}

async function start(controller: Type): Promise<LabClient> {
  lab = await startLab({ controllers: [controller] });
  errors = [];
  Logger.overrideLogger({ log() {}, warn() {}, error: (text: string) => void errors.push(text) });
  client = new TtrpcClient({ url: lab.folder.url(), protoPath: LAB_PROTO });
  return client.getAsyncService<LabClient>('Lab');
}

async function* generator(): AsyncGenerator<Message> {
  yield { text: 'a' };
}

function* syncGenerator(): Generator<Message> {
  yield { text: 'a' };
}

class Iterating {
  [Symbol.asyncIterator](): AsyncIterator<Message> {
    return generator();
  }
}

/** What is no message, and how it is named. */
const STREAMS: [string, () => unknown][] = [
  ['an async generator', generator],
  ['a generator', syncGenerator],
  ['an AsyncIterable', () => new Iterating()],
  ['an Observable', () => of({ text: 'a' })],
  ['an iterator', () => [{ text: 'a' }][Symbol.iterator]()],
];

/** What the handlers give. */
let given: () => unknown;

@TtrpcService('lab.v1.Lab')
class Giving {
  @TtrpcMethod() ask(): Message {
    return given() as Message;
  }
  @TtrpcMethod() count(): Observable<Message> {
    return of(given() as Message);
  }
  @TtrpcMethod() sum(): Observable<Message> {
    return of(given() as Message);
  }
}

it.each(STREAMS)('a unary answer that is %s', async (kind, make) => {
  const rpcs = await start(Giving);
  given = make;
  if (kind === 'an Observable') given = () => of(make());
  const message = `Giving.ask gave ${kind} for lab.v1.Lab/Ask; one lab.v1.Answer was expected`;
  await expect(rpcs.ask({})).rejects.toMatchObject({ code: TtrpcStatus.INTERNAL, message });
  expect(errors).toEqual([message]);
});

// What is asynchronous there is what an interceptor makes of a handler's AsyncIterable: its items are the messages.
it.each(STREAMS.filter(([kind]) => !/async/i.test(kind)))(
  'a message of a response stream that is %s',
  async (kind, make) => {
    const rpcs = await start(Giving);
    given = make;
    const message = `Giving.count gave ${kind} for lab.v1.Lab/Count; one lab.v1.Answer was expected`;
    const read = async (): Promise<void> => {
      for await (const answer of rpcs.count({})) expect(answer).toBeUndefined();
    };
    await expect(read()).rejects.toMatchObject({ code: TtrpcStatus.INTERNAL, message });
    expect(errors).toEqual([message]);
  },
);

it.each(STREAMS)('an item of a handler’s iterable that is %s', async (kind, make) => {
  @TtrpcService('lab.v1.Lab')
  class Iterables {
    @TtrpcMethod() async *count(): AsyncGenerator<Message> {
      // Not `yield make()`, which would await it.
      yield await Promise.resolve(make() as Message);
    }
  }
  const rpcs = await start(Iterables);
  const message = `Iterables.count gave ${kind} for lab.v1.Lab/Count; one lab.v1.Answer was expected`;
  const read = async (): Promise<void> => {
    for await (const answer of rpcs.count({})) expect(answer).toBeUndefined();
  };
  await expect(read()).rejects.toMatchObject({ code: TtrpcStatus.INTERNAL, message });
  expect(errors).toEqual([message]);
});

it.each(STREAMS)('a unary request that is %s', async (kind, make) => {
  const rpcs = await start(Giving);
  const expected = { code: TtrpcStatus.INVALID_ARGUMENT };
  const message = (rpc: string): string =>
    `lab.v1.Lab/${rpc} takes one message: expected a lab.v1.Question, got ${kind}`;
  await expect(rpcs.ask(make())).rejects.toMatchObject({ ...expected, message: message('Ask') });
  await expect(rpcs.count(make())[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    ...expected,
    message: message('Count'),
  });
  const observables = client.getService<{ ask(request: unknown): Observable<Message> }>('Lab');
  await expect(lastValueFrom(observables.ask(make()))).rejects.toMatchObject({ ...expected, message: message('Ask') });
  await expect(lastValueFrom(client.send('/lab.v1.Lab/Ask', make()))).rejects.toMatchObject(expected);
});

it.each(STREAMS)('a message of a request stream that is %s', async (_kind, make) => {
  const rpcs = await start(Giving);
  given = () => ({});
  await expect(rpcs.sum(of(make()))).rejects.toMatchObject({
    code: TtrpcStatus.INVALID_ARGUMENT,
    message: expect.stringMatching(/^lab\.v1\.Question: expected an object \(lab\.v1\.Question\), not a stream, got /),
  });
});

it('the mistakes that the caller is told are in the log', async () => {
  @TtrpcService('lab.v1.Lab')
  class Mistaken {
    @TtrpcMethod() ask(): Message | undefined {
      return undefined;
    }
    @TtrpcMethod() sum(): Observable<Message> {
      return of({}, {});
    }
    @TtrpcMethod() count(): never {
      return { text: 'a' } as never;
    }
  }
  const rpcs = await start(Mistaken);
  const messages = [
    'Mistaken.ask gave no response; one lab.v1.Answer was expected',
    'Mistaken.sum gave a second response; one lab.v1.Answer was expected',
    'Mistaken.count gave a value of type object; an Observable or an AsyncIterable was expected',
  ];
  const calls = [rpcs.ask({}), rpcs.sum(of({})), rpcs.count({})[Symbol.asyncIterator]().next()];
  for (const [index, call] of calls.entries()) {
    await expect(call).rejects.toMatchObject({ code: TtrpcStatus.INTERNAL, message: messages[index] });
  }
  expect(errors.sort()).toEqual(messages.sort());
});

it('bytes, arrays and empty messages are what they were', async () => {
  const rpcs = await start(Giving);
  given = () => ({});
  expect(await rpcs.ask({})).toEqual({});
  await expect(rpcs.ask([])).rejects.toMatchObject({ message: expect.stringContaining('got an array of 0') });
  await expect(rpcs.ask(new Map())).rejects.toMatchObject({ message: expect.stringContaining('of class Map') });
});
