import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  connect,
  serve,
  TtrpcError,
  TtrpcStatus,
  type CallTrace,
  type ConnectionEvent,
  type MessageEvent,
  type RawClient,
  type RawClientOptions,
  type RawContext,
  type RawServer,
} from '../../../../src/protocol/index.js';
import { tracesClients, tracesServers } from '../../../../src/protocol/core/diagnostics.js';
import { CallRecorder } from '../../../support/call-recorder.js';
import { TempFolder } from '../../../support/temp-folder.js';

const SERVICE = 'raw.v1.Raw';
const SHAPES = ['unary', 'server-streaming', 'client-streaming', 'bidi'] as const;

let folder: TempFolder;
let server: RawServer;
let recorder: CallRecorder;
const clients: RawClient[] = [];

beforeEach(async () => {
  folder = new TempFolder();
  recorder = new CallRecorder();
  server = await serve(folder.url(), {
    [SERVICE]: {
      unary: { shape: 'unary', handle: (request, context) => outcome(Buffer.from(request).toString(), context) },
      'server-streaming': {
        shape: 'server-streaming',
        async *handle(request, context) {
          yield await outcome(Buffer.from(request).toString(), context);
        },
      },
      'client-streaming': {
        shape: 'client-streaming',
        handle: async (requests, context) => outcome(await first(requests), context),
      },
      bidi: {
        shape: 'bidi',
        async *handle(requests, context) {
          yield await outcome(await first(requests), context);
        },
      },
    },
  });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.close();
  recorder.close();
  folder.close();
  expect(tracesClients() || tracesServers()).toBe(false);
});

async function first(requests: AsyncIterable<Uint8Array>): Promise<string> {
  for await (const request of requests) return Buffer.from(request).toString();
  return '';
}

/** What a handler does with a request of this text. */
async function outcome(text: string, { signal }: RawContext): Promise<Uint8Array> {
  if (text === 'error') throw new TtrpcError(TtrpcStatus.NOT_FOUND, 'not here');
  if (text === 'hang') await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  return Buffer.from('answer');
}

async function client(options?: RawClientOptions): Promise<RawClient> {
  const made = await connect(folder.url(), options);
  clients.push(made);
  return made;
}

async function call(
  from: RawClient,
  shape: (typeof SHAPES)[number],
  text: string,
  options: Parameters<RawClient['call']>[3] = {},
): Promise<unknown> {
  if (shape === 'unary') return from.call(SERVICE, shape, Buffer.from(text), options);
  const stream = from.stream(SERVICE, shape, shape, options);
  await stream.send(Buffer.from(text));
  stream.closeSend();
  const answers: string[] = [];
  for await (const answer of stream) answers.push(Buffer.from(answer).toString());
  return answers;
}

const ENDS = {
  'ends well': { client: TtrpcStatus.OK, server: TtrpcStatus.OK },
  fails: { client: TtrpcStatus.NOT_FOUND, server: TtrpcStatus.NOT_FOUND },
  'is cancelled': { client: TtrpcStatus.CANCELLED, server: TtrpcStatus.CANCELLED },
  'ends by its deadline': { client: TtrpcStatus.DEADLINE_EXCEEDED, server: TtrpcStatus.DEADLINE_EXCEEDED },
  'loses its connection': { client: TtrpcStatus.UNAVAILABLE, server: TtrpcStatus.CANCELLED },
  'meets the end of its server': { client: TtrpcStatus.UNAVAILABLE, server: TtrpcStatus.UNAVAILABLE },
};

async function runTo(end: keyof typeof ENDS, shape: (typeof SHAPES)[number]): Promise<void> {
  const abort = new AbortController();
  switch (end) {
    case 'ends well':
      await call(await client(), shape, 'ok');
      return;
    case 'fails':
      await call(await client(), shape, 'error').catch(() => undefined);
      return;
    case 'ends by its deadline':
      await call(await client({ streams: 'shared' }), shape, 'hang', { timeoutMs: 400 }).catch(() => undefined);
      return;
    default: {
      const from = await client();
      const settled = call(from, shape, 'hang', { signal: abort.signal, dedicated: true }).catch(() => undefined);
      await recorder.begun('server');
      if (end === 'is cancelled') abort.abort();
      else if (end === 'loses its connection') from.close();
      else await server.close();
      await settled;
    }
  }
}

describe.each(SHAPES)('the tracing channels for a %s call', (shape) => {
  it.each(Object.keys(ENDS) as (keyof typeof ENDS)[])('that %s: it begins and ends once on both sides', async (end) => {
    await runTo(end, shape);
    const [byClient] = await recorder.ended('client');
    const [byServer] = await recorder.ended('server');
    expect(recorder.calls.size).toBe(2);
    for (const each of [byClient, byServer]) {
      const { trace, events } = each as NonNullable<typeof each>;
      const failed = ENDS[end][trace.side] !== TtrpcStatus.OK;
      expect([...events].sort()).toEqual(
        [...(failed ? ['error'] : []), 'asyncEnd', 'asyncStart', 'end', 'start'].sort(),
      );
      expect(events[0]).toBe('start');
      expect(events.filter((event) => event.startsWith('async') || event === 'error')).toEqual([
        ...(failed ? ['error'] : []),
        'asyncStart',
        'asyncEnd',
      ]);
      expect({ [trace.side]: trace.statusName }).toEqual({ [trace.side]: TtrpcStatus[ENDS[end][trace.side]] });
      expect(trace.error === undefined).toBe(!failed);
      expect(trace).toMatchObject({ service: SERVICE, method: shape, shape, address: folder.url() });
    }
  });
});

it('tells messages and bytes each way, metadata and deadline, to both sides', async () => {
  const messages: string[] = [];
  const onMessage = (event: unknown): void => {
    const { call: of, direction, sequence, bytes } = event as MessageEvent;
    messages.push(`${of.side} ${direction} ${sequence} ${bytes}`);
  };
  subscribe('nestjs-ttrpc.message', onMessage);
  await call(await client(), 'bidi', 'ok', { metadata: { tenant: 'blue' }, timeoutMs: 60_000 });
  unsubscribe('nestjs-ttrpc.message', onMessage);
  for (const side of ['client', 'server'] as const) {
    const [ended] = await recorder.ended(side);
    const trace = ended?.trace as CallTrace;
    const [sent, received] = side === 'client' ? [2, 6] : [6, 2];
    expect(trace).toMatchObject({ messagesSent: 1, messagesReceived: 1, bytesSent: sent, bytesReceived: received });
    expect(trace.metadata.get('tenant')).toBe('blue');
    expect((trace.deadline as number) - Date.now()).toBeGreaterThan(30_000);
  }
  expect(messages).toEqual(['client sent 1 2', 'server received 1 2', 'server sent 1 6', 'client received 1 6']);
});

it('tells of calls that reach no handler: unknown methods, and a signal that has aborted before', async () => {
  const from = await client();
  await expect(from.call(SERVICE, 'Unknown', Buffer.alloc(0))).rejects.toMatchObject({ code: 12 });
  await expect(from.call(SERVICE, 'unary', Buffer.alloc(0), { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 1,
  });
  const [served] = await recorder.ended('server');
  expect(served?.trace).toMatchObject({ method: 'Unknown', shape: undefined, statusName: 'UNIMPLEMENTED' });
  expect(served?.events).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
  const made = await recorder.ended('client', 2);
  expect(made.map(({ trace }) => trace.statusName)).toEqual(['UNIMPLEMENTED', 'CANCELLED']);
  expect(recorder.of('server')).toHaveLength(1);
});

it('lets a subscriber add metadata, without changing what the caller has passed', async () => {
  const add = (trace: unknown): void => void (trace as CallTrace).metadata.set('Added', 'yes');
  subscribe('tracing:nestjs-ttrpc.client:start', add);
  const from = await client();
  const metadata = { own: 'yes' };
  await from.call(SERVICE, 'unary', Buffer.from('ok'), { metadata });
  unsubscribe('tracing:nestjs-ttrpc.client:start', add);
  const [served] = await recorder.ended('server');
  expect(served?.trace.metadata.toJSON()).toEqual(Object.assign(Object.create(null), { own: ['yes'], added: ['yes'] }));
  expect(metadata).toEqual({ own: 'yes' });
});

it('tells of connections: opened, closed and refused', async () => {
  const events: string[] = [];
  const names = ['opened', 'closed', 'refused'] as const;
  const listeners = names.map((name) => {
    const listener = (event: unknown): void => {
      const { side, address, reason } = event as ConnectionEvent;
      expect(address).toBe(folder.url());
      events.push([side, name, reason].filter(Boolean).join(' '));
    };
    subscribe(`nestjs-ttrpc.connection.${name}`, listener);
    return { name, listener };
  });
  await server.close();
  server = await serve(folder.url(), {}, { maxConnections: 1 });
  const one = await client();
  await one.call(SERVICE, 'unary', Buffer.alloc(0)).catch(() => undefined);
  const two = await client().catch(() => undefined);
  await two?.call(SERVICE, 'unary', Buffer.alloc(0)).catch(() => undefined);
  one.close();
  await server.close();
  for (const { name, listener } of listeners) unsubscribe(`nestjs-ttrpc.connection.${name}`, listener);
  expect(events.sort()).toEqual(
    [
      'client opened',
      'client opened',
      'client closed',
      'client closed',
      'server opened',
      'server closed',
      'server refused maxConnections',
    ].sort(),
  );
  expect(channel('nestjs-ttrpc.connection.opened').hasSubscribers).toBe(false);
});
