import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import { TtrpcError } from '../../src/protocol/index.js';
import { TtrpcException, TtrpcStatus } from '../../src/index.js';
import { Random } from '../support/random.js';
import { TempFolder } from '../support/temp-folder.js';
import { FaultProxy, randomPlan, type FaultPlan } from './fault-proxy.js';
import { CLIENT_KINDS, faultsClient, optionsOf, type FaultsClient } from './faults-clients.js';
import { Journal, startNestServer, startRawServer, type Blob } from './faults-servers.js';
import { turn } from '../support/deferred.js';

// FAULT_SEED=<seed> FAULT_RUNS=1 npm test -- test/faults/faults.spec replays one run (see CONTRIBUTING.md).
const FIRST_SEED = Number(process.env['FAULT_SEED'] ?? 1 + Math.floor(Math.random() * 1e9));
const RUNS = Number(process.env['FAULT_RUNS'] ?? 60);
/** Runs at a time. */
const AT_ONCE = 6;
/** Calls of each run, all at once. */
const CALLS = 12;
const TIMEOUT_MS = 400;
/** What a busy machine may add. */
const SLACK_MS = 3000;

const SERVERS = ['raw', 'nest'] as const;

let folder: TempFolder;
let journal: Journal;
let stop: () => Promise<void>;
/** Connections and calls that the servers have open. */
let open: () => number;

beforeAll(async () => {
  folder = new TempFolder();
  journal = new Journal();
  const raw = await startRawServer(folder.url('raw.sock'), journal);
  const { app, server } = await startNestServer(folder.url('nest.sock'), journal);
  stop = async () => {
    await Promise.all([raw.close(), app.close()]);
  };
  open = () => raw.connectionCount + server.connectionCount + raw.stats.calls + server.stats.calls;
});

afterAll(async () => {
  await stop();
  const left = folder.list();
  folder.remove();
  expect(left).toEqual([]);
});

/** Makes one call by chance; resolves when its answer is right, rejects with its status, or with another error. */
async function call(client: FaultsClient, id: string, random: Random): Promise<void> {
  const options = optionsOf(id, { timeoutMs: TIMEOUT_MS, dedicated: random.below(4) === 0 });
  const count = random.pick([0, 1, 10, 300]);
  const numbers = Array.from({ length: count }, (_, number) => ({ number }));
  const check = (what: string, came: unknown, wanted: unknown): void => {
    if (!isDeepStrictEqual(came, wanted))
      throw new Error(`wrong answer to ${what}: ${JSON.stringify(came).slice(0, 200)}`);
  };
  const values = (blobs: readonly Blob[]): number[] => blobs.map(({ number = 0 }) => number);
  switch (random.below(4)) {
    case 0: {
      const padding = Buffer.alloc(random.pick([0, 100, 5000, 70_000, 1_000_000]), random.below(256));
      const { number, padding: echoed } = await client.echo({ number: random.below(1e9), padding }, options);
      check('Echo', Buffer.from(echoed ?? []).equals(padding) && number !== undefined, true);
      return;
    }
    case 1:
      check('Count', values(await client.count({ number: count }, options)), values(numbers));
      return;
    case 2:
      check(
        'Sum',
        (await client.sum(numbers, options)).number ?? 0,
        numbers.reduce((sum, { number }) => sum + number, 0),
      );
      return;
    default:
      check(
        'Double',
        values(await client.double(numbers, options)),
        values(numbers).map((number) => 2 * number),
      );
  }
}

interface Outcome {
  made: number;
  answered: number;
  failed: Map<string, number>;
  /** Connects of the engine that the proxy has broken off. */
  refused: number;
  problems: string[];
}

/**
 * A client for the proxy at `url`. The engine's connects before its first call, and that fails when the proxy resets the
 * connection at once: it is tried again, as each connection has faults of its own.
 */
async function connected(
  outcome: Outcome,
  ...[kind, url, options]: Parameters<typeof faultsClient>
): Promise<FaultsClient> {
  for (;;) {
    try {
      return await faultsClient(kind, url, options);
    } catch (error) {
      if (!(error instanceof TtrpcError && error.code === TtrpcStatus.UNAVAILABLE)) throw error;
      outcome.refused++;
    }
  }
}

async function run(seed: number, outcome: Outcome): Promise<void> {
  const random = new Random(seed);
  const overTcp = random.below(3) === 0;
  const target = random.pick(SERVERS);
  const kind = random.pick(CLIENT_KINDS);
  const options = {
    streams: random.pick(['shared', 'dedicated'] as const),
    connections: random.pick([1, 1, 3]),
    waitForReady: random.below(2) === 0,
    reconnect: { initialMs: 5, maxMs: 50 },
  };
  const plans: FaultPlan[] = [];
  const { proxy, url } = await FaultProxy.start(
    overTcp ? undefined : folder.file(`p${seed}`),
    { path: folder.file(`${target}.sock`) },
    // The faults of one connection do not depend on what happened to the others.
    (connection) => (plans[connection] = randomPlan(new Random(seed + 7919 * connection))),
  );
  const problem = (what: string): void => {
    const setup = JSON.stringify({ overTcp, target, kind, options, plans });
    outcome.problems.push(
      `${what}; replay with: FAULT_SEED=${seed} FAULT_RUNS=1 npm test -- test/faults/faults.spec; ${setup}`,
    );
  };
  const client = await connected(outcome, kind, url, options);
  await Promise.all(
    Array.from({ length: CALLS }, async (_, index) => {
      const id = `${seed}.${index}`;
      const start = performance.now();
      outcome.made++;
      let answered = false;
      try {
        await call(client, id, new Random(seed * 1000 + index));
        answered = true;
        outcome.answered++;
      } catch (error) {
        if (error instanceof TtrpcError || error instanceof TtrpcException) {
          const name = TtrpcStatus[error.code];
          outcome.failed.set(name, (outcome.failed.get(name) ?? 0) + 1);
          if (!['UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(name)) problem(`call ${id} ended with ${String(error)}`);
        } else problem(`call ${id}: ${String(error)}`);
      }
      const tookMs = performance.now() - start;
      if (tookMs > TIMEOUT_MS + SLACK_MS) problem(`call ${id} took ${tookMs} ms`);
      const begun = journal.begun.get(id) ?? 0;
      if (begun > 1) problem(`call ${id} was handled ${begun} times`);
      if (answered && begun !== 1) problem(`call ${id} was answered and not handled`);
    }),
  );
  client.close();
  await proxy.close();
}

describe('behind a proxy that does whatever networks do', () => {
  it(`each call ends once, in time, with its answer or a status (seeds ${FIRST_SEED} to ${FIRST_SEED + RUNS - 1})`, async () => {
    const outcome: Outcome = { made: 0, answered: 0, failed: new Map(), refused: 0, problems: [] };
    const last = FIRST_SEED + RUNS;
    let next = FIRST_SEED;
    const worker = async (): Promise<void> => {
      while (next < last) await run(next++, outcome);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const { made, answered, failed, refused, problems } = outcome;
    const byCode = [...failed].map(([code, count]) => `${count} ${code}`).join(', ');
    process.stdout.write(
      `faults: seeds ${FIRST_SEED} to ${last - 1}: ${made} calls, ${answered} answered, failed: ${byCode}; ${refused} connects refused; ` +
        `lost ${made - answered - [...failed.values()].reduce((sum, count) => sum + count, 0)}, problems ${problems.length}\n`,
    );
    expect(problems).toEqual([]);
    expect(made).toBe(RUNS * CALLS);
    expect(answered + [...failed.values()].reduce((sum, count) => sum + count, 0)).toBe(made);
    if (RUNS > 10) expect(answered).toBeGreaterThan(0);
    // Their clients are gone: no handler goes on.
    while (journal.running + open() > 0) await turn();
  }, 120_000);
});
