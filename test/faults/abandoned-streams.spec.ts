import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createConnection } from 'node:net';
import { connect, serve, TtrpcStatus, type RawClient, type RawServer } from '../../src/protocol/index.js';
import { MAX_ABANDONED_STREAMS, MAX_ABANDONED_STREAMS_ON_ONE } from '../../src/protocol/client/client-connection.js';
import { deferred, type Deferred, turn } from '../support/deferred.js';
import { TempFolder } from '../support/temp-folder.js';

const SERVICE = 'faults.v1.Flow';
const HI = new Uint8Array(Buffer.from('hi'));
/** What the server allows on one connection: the default is larger, and takes longer to fill. */
const MAX_CALLS = 300;

let folder: TempFolder;
let server: RawServer;
let client: RawClient;
let mayAnswer: Deferred<void>;
let asked: Deferred<void>;
let begun: number;
let aborted: number;
let completed: number;

beforeEach(async () => {
  folder = new TempFolder();
  mayAnswer = deferred();
  asked = deferred();
  begun = 0;
  aborted = 0;
  completed = 0;
  server = await serve(
    folder.url(),
    {
      [SERVICE]: {
        Echo: (request) => request,
        Wait: async (request) => {
          asked.resolve();
          await mayAnswer.promise;
          return request;
        },
        Upload: {
          shape: 'client-streaming',
          async handle(parts, { signal }) {
            begun++;
            signal.addEventListener('abort', () => aborted++);
            for await (const _part of parts);
            completed++;
            return HI;
          },
        },
      },
    },
    { maxConcurrentCalls: MAX_CALLS },
  );
  client = await connect(folder.url(), { streams: 'shared' });
});

afterEach(async () => {
  client.close();
  await server.close();
  folder.remove();
});

/** Begins uploads, a message each, and gives them up once their handlers have them. */
async function abandon(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const upload = client.stream(SERVICE, 'Upload', 'client-streaming');
    const before = begun;
    await upload.send(HI);
    await until(() => begun > before);
    upload.cancel();
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

describe('streams on a shared connection that their caller gives up', () => {
  it('do not fill the places of the server: another connection takes its place', async () => {
    await abandon(4 * MAX_CALLS);
    expect(await client.call(SERVICE, 'Echo', HI)).toEqual(HI);
    // What the last connection has is below the limit, the others are gone.
    await until(() => server.connectionCount === 1);
    expect(server.stats.calls).toBeLessThan(MAX_ABANDONED_STREAMS);
    expect(aborted + server.stats.calls).toBe(4 * MAX_CALLS);
    // A partial upload is none.
    expect(completed).toBe(0);
    expect(server.stats.refused.maxConcurrentCalls).toBe(0);
  });

  it('do not take the connection away from a call that goes on', async () => {
    const waiting = client.call(SERVICE, 'Wait', HI);
    await asked.promise;
    await abandon(MAX_ABANDONED_STREAMS);
    expect(await client.call(SERVICE, 'Echo', HI)).toEqual(HI);
    expect(server.connectionCount).toBe(2);
    expect(aborted).toBe(0);
    mayAnswer.resolve();
    expect(await waiting).toEqual(HI);
    await until(() => server.connectionCount === 1);
    expect(aborted).toBe(MAX_ABANDONED_STREAMS);
  });

  it('count no more once the server has ended them', async () => {
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < MAX_ABANDONED_STREAMS - 1; i++) {
        const upload = client.stream(SERVICE, 'Upload', 'client-streaming');
        upload.closeSend();
        upload.cancel();
      }
      await until(() => server.stats.calls === 0);
      expect(await client.call(SERVICE, 'Echo', HI)).toEqual(HI);
    }
    expect(server.connectionCount).toBe(1);
    expect(completed).toBe(3 * (MAX_ABANDONED_STREAMS - 1));
  });
});

describe('the one connection of a client that was given a Duplex', () => {
  it('is kept: there is no other', async () => {
    client.close();
    const socket = createConnection(folder.file('s.sock'));
    client = await connect(socket);
    await abandon(2 * MAX_ABANDONED_STREAMS);
    expect(await client.call(SERVICE, 'Echo', HI)).toEqual(HI);
    expect(client.status).toBe('connected');
  });

  it('takes no more streams than some when the server ends none of them, but calls go on', async () => {
    client.close();
    await server.close();
    const parts: (() => void)[] = [];
    server = await serve(folder.url(), {
      [SERVICE]: {
        Echo: (request) => request,
        Upload: {
          shape: 'client-streaming',
          handle: () => new Promise((resolve) => parts.push(() => resolve(HI))),
        },
      },
    });
    client = await connect(createConnection(folder.file('s.sock')));
    for (let i = 0; i < MAX_ABANDONED_STREAMS_ON_ONE; i++)
      client.stream(SERVICE, 'Upload', 'client-streaming').cancel();
    await until(() => parts.length === MAX_ABANDONED_STREAMS_ON_ONE);
    const refused = client.stream(SERVICE, 'Upload', 'client-streaming');
    await expect(refused.send(HI)).rejects.toMatchObject({
      code: TtrpcStatus.RESOURCE_EXHAUSTED,
      message:
        'the server has not ended 1024 abandoned streams of this connection, which cannot be replaced ' +
        '(the limit is 1024): unary calls go on, new streams fail',
    });
    expect(await client.call(SERVICE, 'Echo', HI)).toEqual(HI);
    // Once the server has ended one there is room for one.
    parts.shift()?.();
    await until(() => server.stats.calls === MAX_ABANDONED_STREAMS_ON_ONE - 1);
    expect(await client.call(SERVICE, 'Echo', HI)).toEqual(HI);
    const taken = client.stream(SERVICE, 'Upload', 'client-streaming');
    await taken.send(HI);
    await until(() => parts.length === MAX_ABANDONED_STREAMS_ON_ONE);
  });
});
