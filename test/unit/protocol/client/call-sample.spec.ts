import { AsyncLocalStorage } from 'node:async_hooks';
import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext, runInThisContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { firstValueFrom, lastValueFrom, type Observable } from 'rxjs';
import { TtrpcClient } from '../../../../src/index.js';
import { connect, serve, type RawClient, type RawServer } from '../../../../src/protocol/index.js';
import { sampleCalls, sampleStreams } from '../../../../src/protocol/client/call-sample.js';
import type { CallMethod, CallRuntime } from '../../../../src/protocol/client/call-runtime.js';
import { Channel } from '../../../../src/protocol/client/channel.js';
import type { CallObserver, ClientCall } from '../../../../src/protocol/client/client-call.js';
import { bytesCodec } from '../../../../src/protocol/wire/message-codec.js';
import { methodRef } from '../../../../src/protocol/wire/method-ref.js';
import { TempFolder } from '../../../support/temp-folder.js';

setFlagsFromString('--allow-natives-syntax');
/** True when V8 has the same hidden class for both. */
const alike = runInThisContext('(a, b) => %HaveSameMap(a, b)') as (a: object, b: object) => boolean;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const PROTO = `syntax = "proto3"; package test.v1;
message Text { string text = 1; }
service Test { rpc Echo(Text) returns (Text); rpc Count(Text) returns (stream Text); rpc Chat(stream Text) returns (stream Text); }`;

interface Made {
  call: ClientCall;
  observer: CallObserver;
}

let folder: TempFolder;
let server: RawServer;
/** What each call of the engine consists of, in the order in which they were made. */
let made: Made[];

beforeEach(async () => {
  folder = new TempFolder();
  made = [];
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const { newCall } = Channel.prototype;
  jest.spyOn(Channel.prototype, 'newCall').mockImplementation(function (this: Channel, ...args) {
    const call = newCall.apply(this, args);
    made.push({ call, observer: args[3] });
    return call;
  });
  server = await serve(folder.url(), {
    'test.v1.Test': {
      Echo: (bytes) => bytes,
      Count: {
        shape: 'server-streaming',
        async *handle(bytes) {
          await Promise.resolve();
          yield bytes;
          yield bytes;
        },
      },
      Chat: { shape: 'bidi', handle: (messages) => messages },
    },
  });
});

afterEach(async () => {
  jest.restoreAllMocks();
  await server.close();
  folder.remove();
});

/** The first call that was made is the sample's, and every other one is like it. */
function expectAlike(calls: number): void {
  const [sample, ...others] = made;
  expect(others).toHaveLength(calls);
  for (const { call, observer } of others) {
    expect(alike(call, sample?.call as object)).toBe(true);
    expect(alike(observer, sample?.observer as object)).toBe(true);
  }
}

describe('sampleCalls and sampleStreams', () => {
  it('ask nothing of the client, connect nowhere and leave no timer', () => {
    const connect = jest.fn<() => Promise<never>>();
    const channel = new Channel({ kind: 'connect', connect });
    const unwanted = (): never => {
      throw new Error('not for a sample');
    };
    const runtime: CallRuntime = { channel, start: unwanted, feed: unwanted, errorOf: unwanted };
    const method: CallMethod = {
      ref: methodRef('test.v1.Test', 'Echo', 'unary'),
      shape: 'unary',
      request: bytesCodec,
      response: bytesCodec,
      fullName: 'test.v1.Test/Echo',
    };
    const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    expect(sampleCalls(runtime, method).length).toBeGreaterThan(0);
    expect(sampleStreams(runtime, method, {}).length).toBeGreaterThan(0);
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')).toHaveLength(timers);
    expect(connect).not.toHaveBeenCalled();
    expect(channel.stats).toEqual({ connections: 0, calls: 0, waiting: 0 });
    channel.close();
  });
});

describe('the sample of a raw client', () => {
  let client: RawClient;

  beforeEach(async () => {
    client = await connect(folder.url());
  });

  afterEach(() => client.close());

  it.each([
    ['without options', {}],
    ['with a deadline', { timeoutMs: 60_000 }],
    ['with metadata and a signal', { metadata: { key: 'value' }, signal: new AbortController().signal }],
  ])('is like a call %s, and is not sent', async (_what, options) => {
    for (const bytes of [0, 10, 5000, 200_000]) {
      expect(await client.call('test.v1.Test', 'Echo', new Uint8Array(bytes), options)).toHaveLength(bytes);
    }
    expectAlike(4);
    expect(client.stats.calls).toBe(0);
    expect(made[0]?.call.id).toBe(0);
  });

  it('is like a stream', async () => {
    for (let i = 0; i < 2; i++) {
      const chat = client.stream('test.v1.Test', 'Chat', 'bidi');
      await chat.send(Buffer.from('once'));
      chat.closeSend();
      for await (const message of chat) expect(Buffer.from(message).toString()).toBe('once');
    }
    expectAlike(2);
  });

  it('is kept by the client, when calls are gone', async () => {
    await client.call('test.v1.Test', 'Echo', new Uint8Array(1));
    const [sample, call] = made.splice(0).map(({ call: each }) => new WeakRef(each));
    jest.restoreAllMocks();
    // What a WeakRef was made of lives until the turn ends.
    await new Promise(setImmediate);
    collect();
    expect(call?.deref()).toBeUndefined();
    expect(sample?.deref()).toBeDefined();
  });
});

describe('the sample of a Nest client', () => {
  interface Text {
    text: string;
  }
  let client: TtrpcClient;

  beforeEach(() => {
    const protoPath = folder.file('test.proto');
    writeFileSync(protoPath, PROTO);
    client = new TtrpcClient({ url: folder.url(), protoPath });
  });

  afterEach(() => client.close());

  it('is like a call as a Promise, and like one as an AsyncIterable', async () => {
    const service = client.getAsyncService('test.v1.Test') as unknown as {
      echo(text: Text): Promise<Text>;
      count(text: Text): AsyncIterable<Text>;
    };
    for (const text of ['a', 'b', 'b'.repeat(9000)]) expect(await service.echo({ text })).toEqual({ text });
    expectAlike(3);
    for await (const message of service.count({ text: 'c' })) expect(message).toEqual({ text: 'c' });
    expect(alike(made[0]?.call as object, made.at(-1)?.call as object)).toBe(true);
  });

  /** As {@link expectAlike}; there are two samples, and two calls. */
  function expectSubscribersAlike(): void {
    const [first, ...others] = made.map(({ observer }) => observer as unknown as { subscriber: object });
    expect(others).toHaveLength(3);
    for (const other of others) {
      expect(alike(other, first as object)).toBe(true);
      expect(alike(other.subscriber, first?.subscriber as object)).toBe(true);
    }
  }

  it('is like a call as an Observable, and outside of the AsyncLocalStorage of the first caller', async () => {
    const service = client.getService('test.v1.Test') as unknown as {
      echo(text: Text): Observable<Text>;
      count(text: Text): Observable<Text>;
    };
    const storage = new AsyncLocalStorage<object>();
    const store = new WeakRef({ large: 'the first request' });
    await storage.run(store.deref() as object, () => firstValueFrom(service.echo({ text: 'a' })));
    expect(await lastValueFrom(service.count({ text: 'b' }))).toEqual({ text: 'b' });
    expectSubscribersAlike();
    made = [];
    jest.restoreAllMocks();
    await new Promise(setImmediate);
    collect();
    expect(store.deref()).toBeUndefined();
  });

  it('is like a call that may be made again, as an Observable and as a Promise', async () => {
    await client.close();
    client = new TtrpcClient({ url: folder.url(), protoPath: folder.file('test.proto'), retry: true });
    interface Service<Result> {
      echo(text: Text): Result;
    }
    const observables = client.getService('test.v1.Test') as unknown as Service<Observable<Text>>;
    const promises = client.getAsyncService('test.v1.Test') as unknown as Service<Promise<Text>>;
    expect(await firstValueFrom(observables.echo({ text: 'a' }))).toEqual({ text: 'a' });
    expect(await promises.echo({ text: 'b' })).toEqual({ text: 'b' });
    // One of them is the second sample.
    expectAlike(3);
  });
});
