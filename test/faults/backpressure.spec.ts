import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  connect,
  serve,
  TtrpcStatus,
  type RawClient,
  type RawServer,
  type TtrpcError,
} from '../../src/protocol/index.js';
import { deferred, turns, type Deferred } from '../support/deferred.js';
import { TempFolder } from '../support/temp-folder.js';

const KIB = new Uint8Array(1024);

let folder: TempFolder;
let server: RawServer;
let client: RawClient;
let produced = 0;
let aborted: Deferred<TtrpcError>;
let mayRead: Deferred<void>;

beforeEach(async () => {
  folder = new TempFolder();
  produced = 0;
  aborted = deferred();
  mayRead = deferred();
  server = await serve(folder.url(), {
    'faults.v1.Flow': {
      Produce: {
        shape: 'server-streaming',
        async *handle(_request, { signal }) {
          signal.addEventListener('abort', () => aborted.resolve(signal.reason as TtrpcError));
          for (;;) {
            produced++;
            yield KIB;
          }
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
      Echo: (request) => request,
    },
  });
  client = await connect(folder.url());
});

afterEach(async () => {
  client.close();
  await server.close();
  folder.remove();
});

/** Waits until `value` stays the same for a while; gives it. */
async function settled(value: () => number): Promise<number> {
  for (let last = -1; ;) {
    await turns(200);
    if (value() === last) return last;
    last = value();
  }
}

describe('a reader that does not read', () => {
  it('stops the producer of a response stream, and other calls go on', async () => {
    const stream = client.stream('faults.v1.Flow', 'Produce', 'server-streaming');
    await stream.send(new Uint8Array(0));
    const reader = stream[Symbol.asyncIterator]();
    await reader.next();
    const lead = await settled(() => produced);
    // The reader's queue of 512 messages, a read chunk, the kernel's buffers and 64 KiB on the server's side.
    expect(lead).toBeLessThan(2500);
    expect(await client.call('faults.v1.Flow', 'Echo', Buffer.from('hi'))).toEqual(new Uint8Array(Buffer.from('hi')));
    for (let read = 1; read < 10_000; read++) await reader.next();
    expect(produced).toBeGreaterThanOrEqual(10_000);
    expect(produced).toBeLessThan(10_000 + 2500);
    await reader.return?.();
    expect((await aborted.promise).code).toBe(TtrpcStatus.CANCELLED);
  });

  it('stops the producer of a request stream, and loses nothing', async () => {
    const stream = client.stream('faults.v1.Flow', 'Consume', 'client-streaming');
    let sent = 0;
    const sending = (async () => {
      for (; sent < 20_000; sent++) await stream.send(KIB);
      stream.closeSend();
    })();
    const lead = await settled(() => sent);
    expect(lead).toBeLessThan(2500);
    mayRead.resolve();
    await sending;
    const answers: string[] = [];
    for await (const answer of stream) answers.push(Buffer.from(answer).toString());
    expect(answers).toEqual(['20000']);
  });

  it('a handler behind a full queue is cancelled when its client is gone, although nobody reads the socket', async () => {
    const stream = client.stream('faults.v1.Flow', 'Consume', 'client-streaming');
    let sent = 0;
    const sending = (async () => {
      for (; ; sent++) await stream.send(KIB);
    })().catch((error: unknown) => error);
    await settled(() => sent);
    client.close();
    expect(await sending).toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    expect((await aborted.promise).code).toBe(TtrpcStatus.CANCELLED);
  });
});

describe('a server that closes', () => {
  it('tells its streams at once, if asked to, and lets them end well', async () => {
    const own = await serve(folder.url('own'), {
      'faults.v1.Flow': {
        Watch: {
          shape: 'server-streaming',
          async *handle(_request, { signal }) {
            yield Buffer.from('first');
            await new Promise((resolve) => signal.addEventListener('abort', resolve));
            yield Buffer.from(`last: ${(signal.reason as TtrpcError).message}`);
          },
        },
      },
    });
    const watcher = await connect(folder.url('own'));
    const stream = watcher.stream('faults.v1.Flow', 'Watch', 'server-streaming');
    await stream.send(new Uint8Array(0));
    const seen: string[] = [];
    let closing: Promise<void> | undefined;
    for await (const message of stream) {
      seen.push(Buffer.from(message).toString());
      closing ??= own.close({ gracePeriodMs: 60_000, signalStreams: true });
    }
    expect(seen).toEqual(['first', 'last: the server is closing']);
    await closing;
    watcher.close();
  });
});
