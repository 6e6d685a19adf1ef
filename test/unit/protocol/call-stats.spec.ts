import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CallStats, callStatsOf, OTHER } from '../../../src/protocol/core/call-stats.js';
import { TracedCall, tracesClients, tracesServers } from '../../../src/protocol/core/diagnostics.js';
import {
  connect,
  serve,
  TtrpcError,
  TtrpcMetadata,
  TtrpcStatus,
  type MethodStats,
  type RawClient,
  type RawServer,
} from '../../../src/protocol/index.js';
import { deferred } from '../../support/deferred.js';
import { TempFolder } from '../../support/temp-folder.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** What a test compares: without durations. */
function counts(methods: readonly MethodStats[]): Record<string, unknown> {
  return Object.fromEntries(
    methods.map(({ service, method, codes, ...rest }) => [
      `${service}/${method}`,
      { ...rest, codes: Object.fromEntries(Object.entries(codes).map(([code, { count }]) => [code, count])) },
    ]),
  );
}

describe('the option callStats', () => {
  let folder: TempFolder;
  let server: RawServer;
  let client: RawClient;
  let hanging = deferred<void>();

  beforeEach(async () => {
    folder = new TempFolder();
    hanging = deferred<void>();
    server = await serve(
      folder.url(),
      {
        'raw.v1.Raw': {
          Echo: (request) => request,
          Fail: () => {
            throw new TtrpcError(TtrpcStatus.NOT_FOUND, 'not here');
          },
          Hang: async (_request, { signal }) => {
            hanging.resolve();
            await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
            return bytes('');
          },
          Chat: {
            shape: 'bidi',
            async *handle(requests) {
              for await (const request of requests) yield request;
            },
          },
        },
      },
      { callStats: true },
    );
    client = await connect(folder.url(), { callStats: true });
  });

  afterEach(async () => {
    client.close();
    await server.close();
    folder.close();
  });

  it('counts what a scripted load does, on both sides, by method and status', async () => {
    expect(tracesClients() || tracesServers()).toBe(false);
    for (let call = 0; call < 5; call++) await client.call('raw.v1.Raw', 'Echo', bytes('four'));
    for (let call = 0; call < 2; call++) await client.call('raw.v1.Raw', 'Fail', bytes('xy')).catch(() => undefined);
    for (const name of ['A', 'B']) await client.call('raw.v1.Raw', name, bytes('')).catch(() => undefined);
    await client.call('raw.v1.Raw', 'Hang', bytes(''), { timeoutMs: 500 }).catch(() => undefined);
    hanging = deferred<void>();
    const abort = new AbortController();
    const cancelled = client.call('raw.v1.Raw', 'Hang', bytes(''), { signal: abort.signal, dedicated: true });
    await hanging.promise;
    abort.abort();
    await cancelled.catch(() => undefined);
    const chat = client.stream('raw.v1.Raw', 'Chat', 'bidi');
    const echoes = chat[Symbol.asyncIterator]();
    for (const text of ['one', 'three']) {
      await chat.send(bytes(text));
      await echoes.next();
    }
    const inChat = { shape: 'bidi', started: 1, timeouts: 0, cancels: 0, codes: {}, inFlight: 1 };
    const traffic = { messagesSent: 2, messagesReceived: 2, bytesSent: 8, bytesReceived: 8 };
    expect(counts(client.stats.methods)['raw.v1.Raw/Chat']).toEqual({ ...inChat, ...traffic });
    expect(counts(server.stats.methods)['raw.v1.Raw/Chat']).toEqual({ ...inChat, ...traffic });
    chat.closeSend();
    expect(await echoes.next()).toMatchObject({ done: true });
    // The server's end of the call that was cancelled, and of the one behind its deadline, comes by the socket.
    while (server.stats.calls > 0) await new Promise((resolve) => setImmediate(resolve));

    const unary = { shape: 'unary', inFlight: 0, timeouts: 0, cancels: 0 };
    const expected = {
      'raw.v1.Raw/Echo': {
        ...unary,
        ...{ started: 5, codes: { OK: 5 }, messagesSent: 5, messagesReceived: 5, bytesSent: 20, bytesReceived: 20 },
      },
      'raw.v1.Raw/Fail': {
        ...unary,
        ...{
          started: 2,
          codes: { NOT_FOUND: 2 },
          messagesSent: 2,
          messagesReceived: 0,
          bytesSent: 4,
          bytesReceived: 0,
        },
      },
      'raw.v1.Raw/Hang': {
        ...unary,
        ...{ started: 2, codes: { DEADLINE_EXCEEDED: 1, CANCELLED: 1 }, timeouts: 1, cancels: 1 },
        ...{ messagesSent: 2, messagesReceived: 0, bytesSent: 0, bytesReceived: 0 },
      },
      'raw.v1.Raw/Chat': { ...inChat, ...traffic, inFlight: 0, codes: { OK: 1 } },
    };
    const unknown = {
      ...unary,
      ...{ started: 1, codes: { UNIMPLEMENTED: 1 } },
      ...{ messagesSent: 1, messagesReceived: 0, bytesSent: 0, bytesReceived: 0 },
    };
    expect(counts(client.stats.methods)).toEqual({ ...expected, 'raw.v1.Raw/A': unknown, 'raw.v1.Raw/B': unknown });
    const turned = (stats: {
      messagesSent: number;
      messagesReceived: number;
      bytesSent: number;
      bytesReceived: number;
    }) => ({
      ...stats,
      ...{ messagesSent: stats.messagesReceived, messagesReceived: stats.messagesSent },
      ...{ bytesSent: stats.bytesReceived, bytesReceived: stats.bytesSent },
    });
    expect(counts(server.stats.methods)).toEqual({
      ...Object.fromEntries(Object.entries(expected).map(([name, stats]) => [name, turned(stats)])),
      '_OTHER/_OTHER': {
        ...{ shape: undefined, started: 2, inFlight: 0, timeouts: 0, cancels: 0, codes: { UNIMPLEMENTED: 2 } },
        ...{ messagesSent: 0, messagesReceived: 0, bytesSent: 0, bytesReceived: 0 },
      },
    });
    const hang = client.stats.methods.find(({ method }) => method === 'Hang')?.codes['DEADLINE_EXCEEDED'];
    expect(hang?.minMs).toBeGreaterThanOrEqual(19);
    expect(hang?.p50Ms).toBe(hang?.minMs);
  });

  it('without it no call is counted, and what is open and waits is told all the same', async () => {
    const plain = await serve('memory:plain', { 'raw.v1.Raw': { Echo: (request) => request } });
    const to = await connect('memory:plain');
    await to.call('raw.v1.Raw', 'Echo', bytes('x'));
    expect(plain.stats).toMatchObject({ methods: [], connections: 1, calls: 0, unsentBytes: 0, stragglers: 0 });
    expect(to.stats).toEqual({ connections: 1, calls: 0, waiting: 0, unsentBytes: 0, bufferedBytes: 0, methods: [] });
    to.close();
    await plain.close();
  });

  it('counts calls that wait for a connection, and those that never get one', async () => {
    const to = await connect(folder.url(), { callStats: true, maxStreamConnections: 1 });
    const first = to.stream('raw.v1.Raw', 'Chat', 'bidi');
    await first.send(bytes('x'));
    const second = to.stream('raw.v1.Raw', 'Chat', 'bidi');
    expect(to.stats).toMatchObject({ waiting: 1, methods: [{ method: 'Chat', started: 2, inFlight: 2 }] });
    to.close();
    for (const each of [first, second]) await expect(each[Symbol.asyncIterator]().next()).rejects.toThrow();
    expect(counts(to.stats.methods)['raw.v1.Raw/Chat']).toMatchObject({ inFlight: 0, codes: { UNAVAILABLE: 2 } });
  });

  it.each([1, 'yes', null])('refuses the value %p', (value) => {
    expect(() => callStatsOf({ callStats: value as never })).toThrow(/^callStats: expected true or false, got /);
  });
});

it('counts more than 1,000 methods as one, and a call that it has not seen begin not at all', () => {
  const stats = new CallStats();
  const call = (method: string): TracedCall =>
    new TracedCall('client', {
      ...{
        service: 's',
        method,
        shape: 'unary',
        address: 'duplex',
        metadata: new TtrpcMetadata(),
        deadline: undefined,
      },
    });
  for (let index = 0; index < 1005; index++) stats.begin(call(`m${index}`));
  const late = call('late');
  late.status = TtrpcStatus.OK;
  stats.end(late);
  const methods = stats.snapshot();
  expect(methods).toHaveLength(1001);
  expect(methods.at(-1)).toMatchObject({ service: OTHER, method: OTHER, started: 5, codes: {} });
});
