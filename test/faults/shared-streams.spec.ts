import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  connect,
  serve,
  TtrpcStatus,
  type RawClient,
  type RawServer,
  type RawStream,
  type TtrpcError,
} from '../../src/protocol/index.js';
import { deferred, type Deferred } from '../support/deferred.js';
import { TempFolder } from '../support/temp-folder.js';

const FLOW = 'faults.v1.Flow';
const KIB = new Uint8Array(1024);
const HI = new Uint8Array(Buffer.from('hi'));
/** How long a full stream may hold its connection back, and what a busy machine adds, in ms. */
const STALL_MS = 1000;
const SLACK_MS = 10_000;

let folder: TempFolder;
let server: RawServer;
let client: RawClient;
let aborted: Deferred<TtrpcError>;
let mayRead: Deferred<void>;

beforeEach(async () => {
  folder = new TempFolder();
  aborted = deferred();
  mayRead = deferred();
  server = await serve(folder.url(), {
    [FLOW]: {
      Echo: (request) => request,
      // So many numbered messages of 1 KiB as the request has in digits.
      Count: {
        shape: 'server-streaming',
        async *handle(request) {
          for (let i = 0; i < Number(Buffer.from(request).toString()); i++) yield numbered(i);
        },
      },
      Consume: {
        shape: 'client-streaming',
        async handle(parts, { signal }) {
          signal.addEventListener('abort', () => aborted.resolve(signal.reason as TtrpcError));
          await mayRead.promise;
          let count = 0;
          for await (const _part of parts) count++;
          return Buffer.from(String(count));
        },
      },
    },
  });
  client = await connect(folder.url(), { streams: 'shared' });
});

afterEach(async () => {
  client.close();
  await server.close();
  folder.remove();
});

function numbered(value: number): Uint8Array {
  return Buffer.alloc(1024, 0x20).fill(String(value), 0, String(value).length);
}

const numberOf = (message: Uint8Array): number => Number(Buffer.from(message).toString());
const echo = (): Promise<Uint8Array> => client.call(FLOW, 'Echo', HI);

async function count(messages: number): Promise<RawStream> {
  const stream = client.stream(FLOW, 'Count', 'server-streaming');
  await stream.send(Buffer.from(String(messages)));
  return stream;
}

/** Reads to the end: the numbers, and the error if there is one. */
function readAll(stream: RawStream): Promise<{ numbers: number[]; error?: TtrpcError }> {
  return readOn(stream[Symbol.asyncIterator]());
}

async function readOn(reader: AsyncIterator<Uint8Array, undefined>): ReturnType<typeof readAll> {
  const numbers: number[] = [];
  try {
    for (let next = await reader.next(); !next.done; next = await reader.next()) numbers.push(numberOf(next.value));
  } catch (error) {
    return { numbers, error: error as TtrpcError };
  }
  return { numbers };
}

const upTo = (length: number): number[] => Array.from({ length }, (_, index) => index);

describe('streams that share a connection', () => {
  it('whose reader does not read fail alone, after a second; what had come is read first', async () => {
    const stalled = await count(5000);
    const begun = performance.now();
    // Behind the stalled stream's messages: held back, and no longer than that.
    expect(await echo()).toEqual(HI);
    const { numbers } = await readAll(await count(300));
    expect(numbers).toEqual(upTo(300));
    expect(performance.now() - begun).toBeLessThan(STALL_MS + SLACK_MS);
    const { numbers: before, error } = await readAll(stalled);
    expect(error).toMatchObject({ code: TtrpcStatus.RESOURCE_EXHAUSTED, message: expect.stringMatching(/is full/) });
    expect(before).toEqual(upTo(before.length));
    // Its queue of 256 KiB, and the two reads that were on their way.
    expect(before.length).toBeGreaterThanOrEqual(256);
    expect(before.length).toBeLessThan(256 + 2 * 64 + 2);
    expect(await echo()).toEqual(HI);
    expect(server.connectionCount).toBe(1);
    expect(client.status).toBe('connected');
  });

  it('whose handler does not read fail alone, after a second; their client learns why', async () => {
    const stalled = client.stream(FLOW, 'Consume', 'client-streaming');
    // A second call: from now on the connection is not the stream's own.
    const other = client.stream(FLOW, 'Consume', 'client-streaming');
    await other.send(KIB);
    const sending = (async () => {
      for (;;) await stalled.send(KIB);
    })();
    await expect(sending).rejects.toMatchObject({ code: TtrpcStatus.RESOURCE_EXHAUSTED });
    expect((await aborted.promise).code).toBe(TtrpcStatus.CANCELLED);
    expect(server.stats).toMatchObject({ connections: 1, calls: 1, refused: { stalledStream: 1 } });
    expect(await echo()).toEqual(HI);
    mayRead.resolve();
    other.closeSend();
    const { numbers } = await readAll(other);
    expect(numbers).toEqual([1]);
    expect(server.connectionCount).toBe(1);
  });

  it('are not hurried while they are alone: a reader may sleep for longer than that', async () => {
    const stream = await count(5000);
    const reader = stream[Symbol.asyncIterator]();
    expect(numberOf((await reader.next()).value as Uint8Array)).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, STALL_MS + 200));
    const { numbers, error } = await readOn(reader);
    expect(error).toBeUndefined();
    expect(numbers).toEqual(upTo(5000).slice(1));
  });
});
