import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createConnection, type Socket } from 'node:net';
import { once } from 'node:events';
import { Channel } from '../../src/protocol/client/channel.js';
import type { CallObserver } from '../../src/protocol/client/client-call.js';
import { bytesCodec, serve, TtrpcStatus, type MethodShape, type RawServer } from '../../src/protocol/index.js';
import { methodRef } from '../../src/protocol/wire/method-ref.js';
import { sendsRequestStream } from '../../src/protocol/core/method-shape.js';
import { TempFolder } from '../support/temp-folder.js';
import { CUTS, FaultProxy, PLAIN, type Cut, type Fault, type FaultPlan } from './fault-proxy.js';
import { turn } from '../support/deferred.js';

const SHAPES = ['unary', 'server-streaming', 'client-streaming', 'bidi'] as const;
const SERVICE = 'f.F';
const REQUESTS = ['1', '20', '300'];
/** What the server answers to all of them; to the first one where the client sends one. */
const ANSWERS: Record<MethodShape, string[]> = {
  unary: ['1'],
  'server-streaming': ['1a', '1b', '1c'],
  'client-streaming': ['1,20,300'],
  bidi: ['1', '20', '300'],
};
/** A call behind which nothing comes any more ends by its deadline; any other ends by itself, far before it. */
const SHORT_MS = 100;
const LONG_MS = 60_000;
/** Calls at a time. */
const AT_ONCE = 64;

/** What became of a call: what it gave, then one end. */
interface Outcome {
  answers: string[];
  /** OK is 0; -1 when the answers are not a beginning of what was expected. */
  codes: number[];
  passed: { toServer: number; toClient: number };
}

let folder: TempFolder;
let server: RawServer;
let tcp: RawServer;
let running = 0;

async function* counted<T>(values: AsyncIterable<T>): AsyncGenerator<T> {
  running++;
  try {
    yield* values;
  } finally {
    running--;
  }
}

const services = {
  [SERVICE]: {
    unary: (request: Uint8Array) => Promise.resolve(request),
    'server-streaming': {
      shape: 'server-streaming' as const,
      handle: (request: Uint8Array) =>
        counted(
          (async function* () {
            for (const letter of 'abc') yield await Promise.resolve(Buffer.concat([request, Buffer.from(letter)]));
          })(),
        ),
    },
    'client-streaming': {
      shape: 'client-streaming' as const,
      async handle(parts: AsyncIterable<Uint8Array>) {
        const all: string[] = [];
        for await (const part of counted(parts)) all.push(Buffer.from(part).toString());
        return Buffer.from(all.join());
      },
    },
    bidi: { shape: 'bidi' as const, handle: (parts: AsyncIterable<Uint8Array>) => counted(parts) },
  },
};

beforeAll(async () => {
  folder = new TempFolder();
  server = await serve(folder.url(), services);
  tcp = await serve('tcp://127.0.0.1:0', services);
});

afterAll(async () => {
  await Promise.all([server.close(), tcp.close()]);
  folder.remove();
});

/** One call of `shape` on a connection of its own; resolves when everything about it is over. */
async function call(shape: MethodShape, dial: () => Socket, timeoutMs: number): Promise<Omit<Outcome, 'passed'>> {
  const socket = dial();
  const channel = new Channel({ kind: 'duplex', duplex: socket });
  const outcome = { answers: [] as string[], codes: [] as number[] };
  await new Promise<void>((resolve) => {
    const observer: CallObserver = {
      onMessage: (buf, start, end) => {
        // Nothing may come behind the end.
        if (outcome.codes.length > 0) outcome.codes.push(-1);
        outcome.answers.push(Buffer.from(buf.subarray(start, end)).toString());
      },
      onEnd: () => {
        outcome.codes.push(0);
        resolve();
      },
      onError: ({ code }) => {
        outcome.codes.push(code);
        resolve();
      },
    };
    const ref = methodRef(SERVICE, shape, shape);
    const start = { deadline: performance.now() + timeoutMs };
    const stream = channel.newCall(ref, start, {}, observer);
    if (!sendsRequestStream(shape)) {
      channel.request(stream, bytesCodec, Buffer.from('1'), {});
      return;
    }
    channel.openStream(stream, {});
    for (const request of REQUESTS) stream.send(bytesCodec, Buffer.from(request));
    stream.closeSend();
  });
  const expected = ANSWERS[shape];
  if (outcome.answers.some((answer, index) => answer !== expected[index])) outcome.codes.push(-1);
  channel.close();
  if (!socket.closed) await once(socket, 'close');
  return outcome;
}

/** Makes a call of `shape` for each plan, each on a connection of its own, many at a time. */
async function callsWith(
  shape: MethodShape,
  plans: readonly FaultPlan[],
  overTcp: boolean,
  timeoutMs: number,
): Promise<Outcome[]> {
  const port = Number(tcp.addresses[0]?.split(':').at(-1));
  const target = overTcp ? { host: '127.0.0.1', port } : { path: folder.file('s.sock') };
  const path = overTcp ? undefined : folder.file('p.sock');
  // Connections are accepted in the order in which they were made.
  const { proxy, url } = await FaultProxy.start(path, target, (connection) => plans[connection] ?? NO_FAULT);
  const dial = (): Socket =>
    path === undefined
      ? createConnection({ host: '127.0.0.1', port: Number(url.split(':').at(-1)), noDelay: true })
      : createConnection(path);
  const outcomes: Outcome[] = [];
  for (let first = 0; first < plans.length; first += AT_ONCE) {
    const some = plans.slice(first, first + AT_ONCE);
    const ended = await Promise.all(some.map(() => call(shape, dial, timeoutMs)));
    for (const [index, outcome] of ended.entries()) {
      outcomes.push({ ...outcome, passed: proxy.passed[first + index] ?? { toServer: 0, toClient: 0 } });
    }
  }
  await proxy.close();
  return outcomes;
}

const NO_FAULT: FaultPlan = { toServer: PLAIN, toClient: PLAIN };

/** What a call may end with whose direction is cut behind byte `at` of the `length` that it has. */
function allowed(cut: Cut, length: number, side: keyof FaultPlan): number[] {
  const silent = cut.kind === 'stop' || cut.kind === 'stall';
  const cutShort = silent ? TtrpcStatus.DEADLINE_EXCEEDED : TtrpcStatus.UNAVAILABLE;
  if (cut.at < length) return [cutShort];
  // All was there. An end that comes with the last request, or a reset with the last answer, may still be faster, and on
  // a busy machine the deadline.
  return side === 'toClient' && (cut.kind === 'kill' || cut.kind === 'half-close') ? [0] : [0, cutShort];
}

describe.each(SHAPES)('a %s call', (shape) => {
  it.each(['unix', 'tcp'])('passes a proxy unharmed at any pace (%s)', async (network) => {
    const paces: Fault[] = [
      PLAIN,
      { pace: { kind: 'split', bytes: Infinity } },
      { pace: { kind: 'coalesce', ms: 10 } },
      { pace: { kind: 'delay', ms: 5 } },
    ];
    const plans = paces.flatMap((toServer) => paces.map((toClient) => ({ toServer, toClient })));
    for (const { answers, codes } of await callsWith(shape, plans, network === 'tcp', LONG_MS)) {
      expect({ answers, codes }).toEqual({ answers: ANSWERS[shape], codes: [0] });
    }
  });

  it.each(CUTS)('ends once, and rightly, with a %s behind each byte of each frame', async (kind) => {
    const overTcp = kind === 'reset';
    const silent = kind === 'stop' || kind === 'stall';
    // The same for all: the frame's length depends on it.
    const timeoutMs = silent ? SHORT_MS : LONG_MS;
    let whole: Outcome | undefined;
    // Again, should a busy machine have let its deadline pass.
    while (whole?.codes[0] !== 0) [whole] = await callsWith(shape, [NO_FAULT], overTcp, timeoutMs);
    const wrong: unknown[] = [];
    let calls = 0;
    for (const side of ['toServer', 'toClient'] as const) {
      const length = whole.passed[side];
      expect(length).toBeGreaterThan(10);
      const plans = Array.from({ length: length + 1 }, (_, at) => ({
        ...NO_FAULT,
        [side]: { ...PLAIN, cut: { kind, at } },
      }));
      const outcomes = await callsWith(shape, plans, overTcp, timeoutMs);
      for (const [at, outcome] of outcomes.entries()) {
        calls++;
        const { codes, answers } = outcome;
        const ok = codes.length === 1 && allowed({ kind, at }, length, side).includes(codes[0] ?? -1);
        const complete = codes[0] !== 0 || answers.length === ANSWERS[shape].length;
        if (!ok || !complete) wrong.push({ kind, side, at, length, codes, answers });
      }
    }
    expect(wrong).toEqual([]);
    expect(calls).toBeGreaterThan(40);
    // Their connections are gone: no handler goes on.
    while (running + server.connectionCount + tcp.connectionCount > 0) await turn();
  });
});
