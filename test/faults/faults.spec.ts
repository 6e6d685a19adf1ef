import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, serve, TtrpcError, type RawClient, type RawServer } from '../../src/protocol/index.js';
import { Random } from '../support/random.js';
import { TempFolder } from '../support/temp-folder.js';
import { FaultProxy, randomPlan, type FaultPlan } from './fault-proxy.js';

// FAULT_SEED=123 FAULT_RUNS=1 npm test -- test/faults/faults replays one run.
const FIRST_SEED = Number(process.env.FAULT_SEED ?? 1 + Math.floor(Math.random() * 1e9));
const RUNS = Number(process.env.FAULT_RUNS ?? 60);
const CALLS = 12;
const TIMEOUT_MS = 400;
/** What a busy machine may add. */
const SLACK_MS = 2000;

let folder: TempFolder;
let server: RawServer;
/** Handlers that have begun and not ended. */
let running = 0;

const number = (bytes: Uint8Array): number => Number(Buffer.from(bytes.subarray(0, 12)).toString());
const message = (value: number, size = 12): Uint8Array =>
  Buffer.alloc(size, 0x20).fill(String(value).padEnd(12), 0, 12);

beforeEach(async () => {
  folder = new TempFolder();
  running = 0;
  const counted = async <T>(work: () => Promise<T>): Promise<T> => {
    running++;
    try {
      return await work();
    } finally {
      running--;
    }
  };
  server = await serve(folder.url(), {
    'faults.v1.Faults': {
      Echo: (request) => counted(() => Promise.resolve(request)),
      Count: {
        shape: 'server-streaming',
        async *handle(request) {
          running++;
          try {
            for (let i = 0; i < number(request); i++) yield await Promise.resolve(message(i));
          } finally {
            running--;
          }
        },
      },
      Sum: {
        shape: 'client-streaming',
        handle: (parts) =>
          counted(async () => {
            let sum = 0;
            for await (const part of parts) sum += number(part);
            return message(sum);
          }),
      },
      Double: {
        shape: 'bidi',
        async *handle(parts) {
          running++;
          try {
            for await (const part of parts) yield message(2 * number(part));
          } finally {
            running--;
          }
        },
      },
    },
  });
});

afterEach(async () => {
  await server.close();
  folder.remove();
});

/** Makes one call by chance; resolves when its answer is right, rejects with its status, or with another error. */
async function call(client: RawClient, random: Random): Promise<void> {
  const options = { timeoutMs: TIMEOUT_MS };
  const kind = random.below(4);
  const count = random.pick([0, 1, 10, 300]);
  if (kind === 0) {
    const size = random.pick([12, 100, 5000, 70_000, 1_000_000]);
    const request = message(random.below(1e9), size);
    const answer = await client.call('faults.v1.Faults', 'Echo', request, options);
    if (!Buffer.from(answer).equals(request)) throw new Error('wrong answer: Echo');
    return;
  }
  if (kind === 1) {
    const stream = client.stream('faults.v1.Faults', 'Count', 'server-streaming', options);
    await stream.send(message(count));
    let next = 0;
    for await (const answer of stream) if (number(answer) !== next++) throw new Error('wrong answer: Count');
    if (next !== count) throw new Error(`wrong answer: Count ended well after ${next} of ${count}`);
    return;
  }
  const shape = kind === 2 ? 'client-streaming' : 'bidi';
  const stream = client.stream('faults.v1.Faults', kind === 2 ? 'Sum' : 'Double', shape, options);
  const sending = (async () => {
    for (let i = 0; i < count; i++) await stream.send(message(i));
    stream.closeSend();
  })();
  sending.catch(() => undefined);
  const answers: number[] = [];
  for await (const answer of stream) answers.push(number(answer));
  await sending;
  const expected = kind === 2 ? [(count * (count - 1)) / 2] : Array.from({ length: count }, (_, i) => 2 * i);
  if (JSON.stringify(answers) !== JSON.stringify(expected)) throw new Error(`wrong answer: ${shape}`);
}

interface Outcome {
  answered: number;
  failed: Map<number, number>;
  problems: string[];
}

async function run(seed: number, outcome: Outcome): Promise<void> {
  const random = new Random(seed);
  const plans: FaultPlan[] = [];
  const overTcp = random.below(3) === 0;
  const { proxy, url } = await FaultProxy.start(
    overTcp ? undefined : folder.file(`p${seed}`),
    { path: folder.file('s.sock') },
    () => {
      const plan = randomPlan(random);
      plans.push(plan);
      return plan;
    },
  );
  const streams = random.pick(['shared', 'dedicated'] as const);
  const client = await connect(url, { streams });
  const late: number[] = [];
  await Promise.all(
    Array.from({ length: CALLS }, async (_, i) => {
      // The random numbers of one call do not depend on how fast the others are.
      const own = new Random(seed * 1000 + i);
      const start = performance.now();
      try {
        await call(client, own);
        outcome.answered++;
      } catch (error) {
        if (error instanceof TtrpcError) outcome.failed.set(error.code, (outcome.failed.get(error.code) ?? 0) + 1);
        else outcome.problems.push(`seed ${seed}: ${String(error)}`);
      }
      if (performance.now() - start > TIMEOUT_MS + SLACK_MS) late.push(i);
    }),
  );
  if (late.length > 0) outcome.problems.push(`seed ${seed}: calls ${late.join()} ended late; ${JSON.stringify(plans)}`);
  client.close();
  await proxy.close();
}

describe('behind a proxy that does whatever networks do', () => {
  it(`each call ends once, in time, with its answer or a status (seeds ${FIRST_SEED} to ${FIRST_SEED + RUNS - 1})`, async () => {
    const outcome: Outcome = { answered: 0, failed: new Map(), problems: [] };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) await run(seed, outcome);
    const failed = [...outcome.failed.values()].reduce((sum, count) => sum + count, 0);
    expect(outcome.problems).toEqual([]);
    expect(outcome.answered + failed).toBe(RUNS * CALLS);
    expect(outcome.answered).toBeGreaterThan(0);
    // Their clients are gone: no handler goes on.
    while (running > 0 || server.connectionCount > 0) await new Promise((resolve) => setImmediate(resolve));
  }, 120_000);
});
