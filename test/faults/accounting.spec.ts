import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createServer, createConnection, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import {
  connect,
  serve,
  TtrpcMetadata,
  TtrpcStatus,
  type RawContext,
  type RawServer,
  type TtrpcError,
} from '../../src/protocol/index.js';
import { Random } from '../support/random.js';
import { TempFolder } from '../support/temp-folder.js';

// ACCOUNT_SEED=<seed> npm test -- test/faults/accounting.spec makes the same calls again.
const SEED = Number(process.env['ACCOUNT_SEED'] ?? 1 + Math.floor(Math.random() * 1e9));
const SERVICE = 'test.v1.Account';
const CALLS = 2000;
const IN_FLIGHT = 100;
/** Behind so many calls each, all connections are lost. */
const LOSS_EVERY = 400;
const SHAPES = ['unary', 'server-streaming', 'client-streaming', 'bidi'] as const;
const FATES = ['ends', 'ends', 'ends', 'fails', 'cancelled', 'times out'] as const;

let folder: TempFolder;
let server: RawServer;
let relay: Server;
let relayed: Set<Socket>;
/** How often the handler of each call has begun and ended. */
let begun: Map<string, number>;
let ended: Map<string, number>;

const count = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);

/** What the handlers of all shapes do: note, and wait or fail as the call says. */
async function handle<T>({ metadata, signal }: RawContext, result: () => Promise<T>): Promise<T> {
  const id = metadata.get('id') ?? '';
  const fate = metadata.get('fate');
  count(begun, id);
  try {
    if (fate === 'cancelled' || fate === 'times out') {
      await new Promise<never>((_resolve, reject) => {
        if (signal.aborted) reject(signal.reason as Error);
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    }
    const value = await result();
    if (fate === 'fails') throw new Error('as the call wants');
    return value;
  } finally {
    count(ended, id);
  }
}

async function all(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const read: Uint8Array[] = [];
  for await (const part of parts) read.push(part);
  return read;
}

beforeEach(async () => {
  folder = new TempFolder();
  begun = new Map();
  ended = new Map();
  server = await serve(folder.url(), {
    [SERVICE]: {
      unary: (request, context) => handle(context, () => Promise.resolve(request)),
      'server-streaming': {
        shape: 'server-streaming',
        async *handle(request, context) {
          yield* await handle(context, () => Promise.resolve([request, request]));
        },
      },
      'client-streaming': {
        shape: 'client-streaming',
        handle: (parts, context) => handle(context, async () => Buffer.concat(await all(parts))),
      },
      bidi: {
        shape: 'bidi',
        async *handle(parts, context) {
          yield* await handle(context, () => all(parts));
        },
      },
    },
  });
  relayed = new Set();
  relay = createServer((near) => {
    const far = createConnection(folder.file('s.sock'));
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      relayed.add(from);
      from
        .on('error', () => undefined)
        .on('close', () => {
          relayed.delete(from);
          to.destroy();
        });
      from.pipe(to);
    }
  }).listen(folder.file('relay.sock'));
  await once(relay, 'listening');
});

afterEach(async () => {
  relay.close();
  for (const socket of relayed) socket.destroy();
  await server.close();
  folder.remove();
});

it.each(['dedicated', 'shared'] as const)(
  `each call ends once, as planned or by a lost connection, and both sides count the same: streams %s (seed ${SEED})`,
  async (streams) => {
    const random = new Random(SEED);
    const client = await connect(folder.url('relay.sock'), {
      streams,
      waitForReady: true,
      reconnect: { initialMs: 1 },
    });
    const outcomes = new Map<string, number>();
    const problems: string[] = [];
    let made = 0;
    let over = 0;

    const call = async (id: string, shape: (typeof SHAPES)[number], fate: (typeof FATES)[number]): Promise<void> => {
      const abort = new AbortController();
      const options = {
        metadata: new TtrpcMetadata({ id, fate }),
        signal: abort.signal,
        timeoutMs: fate === 'times out' ? 30 : 60_000,
        // A cancel of a unary call reaches the server on a connection of its own.
        dedicated: streams === 'dedicated' && fate === 'cancelled',
      };
      if (fate === 'cancelled') setImmediate(() => abort.abort());
      const request = Buffer.from(id);
      const run = async (): Promise<Uint8Array[]> => {
        if (shape === 'unary') return [await client.call(SERVICE, shape, request, options)];
        const stream = client.stream(SERVICE, shape, shape, options);
        const reading = all(stream);
        reading.catch(() => undefined);
        await stream.send(request);
        if (shape !== 'server-streaming') await stream.send(request);
        stream.closeSend();
        return reading;
      };
      let outcome: string;
      try {
        const answer = Buffer.concat(await run()).toString();
        outcome = answer === (shape === 'unary' ? id : id + id) ? 'OK' : `answer ${answer}`;
      } catch (error) {
        outcome = TtrpcStatus[(error as TtrpcError).code] ?? String(error);
      }
      over++;
      count(outcomes, outcome);
      const planned = { ends: 'OK', fails: 'UNKNOWN', cancelled: 'CANCELLED', 'times out': 'DEADLINE_EXCEEDED' }[fate];
      if (outcome !== planned && outcome !== 'UNAVAILABLE') problems.push(`${id} (${shape}, ${fate}): ${outcome}`);
      // What was answered, or failed by its handler, was handled once; nothing is handled twice.
      const handled = begun.get(id) ?? 0;
      if (handled > 1) problems.push(`${id} (${shape}, ${fate}) was handled ${handled} times`);
      if ((outcome === 'OK' || outcome === 'UNKNOWN') && handled !== 1) problems.push(`${id} was not handled`);
    };

    const caller = async (): Promise<void> => {
      while (made < CALLS) {
        const id = String(made++);
        if (made % LOSS_EVERY === 0) for (const socket of relayed) socket.destroy();
        await call(id, random.pick(SHAPES), random.pick(FATES));
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
    client.close();
    while (server.connectionCount + server.stats.calls > 0) await new Promise(setImmediate);

    expect(problems).toEqual([]);
    expect([made, over]).toEqual([CALLS, CALLS]);
    expect([...outcomes.values()].reduce((sum, each) => sum + each, 0)).toBe(CALLS);
    // All fates have been met, lost connections among them.
    for (const outcome of ['OK', 'UNKNOWN', 'CANCELLED', 'DEADLINE_EXCEEDED', 'UNAVAILABLE']) {
      expect(outcomes.get(outcome) ?? 0).toBeGreaterThan(0);
    }
    // What the server has begun it has ended, once; nothing is held any more.
    while (ended.size < begun.size) await new Promise(setImmediate);
    expect([...ended].filter(([id, times]) => times !== begun.get(id))).toEqual([]);
    expect(server.stats).toMatchObject({ connections: 0, calls: 0, bufferedBytes: 0, decodedBytes: 0 });
  },
  60_000,
);
