import { runKills, runManyCalls, runShortConnections } from './churn.js';
import { runCrossing, type CrossingSpec } from './crossing.js';
import { runFlow, type FlowResult, type FlowSpec } from './flow.js';
import { holdings, holdingsAfter, leftovers, LifeWatch } from './leaks.js';
import { runLoad, type LoadResult } from './load.js';
import { residentKib, type MemoryUse } from './memory.js';
import { pairsOf, titleOf, withPair, type Pair } from './pairs.js';
import { foreign, ours, oursApart, type SoakPeer } from './peers.js';
import type { Scenario, SoakOptions } from './scenario.js';

/** What a process may grow by after it has warmed up, while a flow goes on, in KiB. */
const FLAT_KIB = 16 * 1024;

/** What may stay in our heap after a load, in KiB: code and tables that V8 makes as it goes. */
const RETURNED_KIB = 4 * 1024;

const mib = (kib: number): string => `${(kib / 1024).toFixed(1)} MiB`;

function pairsFor(own: typeof ours, { peers }: SoakOptions): Pair[] {
  const others = foreign.filter(({ title }) => peers.includes(title));
  return pairsOf(own, others).filter(({ client, server }) => client !== server || peers.includes(own.title));
}

const backpressure: Scenario = {
  name: 'backpressure',
  what: 'one long stream to a reader that sleeps: the lead at both ends, the memory of both processes',
  async run(options, log) {
    for (const pair of pairsFor(oursApart, options)) {
      for (const sender of ['server', 'client'] as const) {
        const { messages } = options;
        const spec: FlowSpec = { sender, messages, bytes: 1024, pauseEvery: Math.ceil(messages / 40), pauseMs: 250 };
        const result = await withPair(pair, {}, (driver, server) => runFlow(spec, pair, driver, server));
        const title = `${titleOf(pair)}, the ${sender} sends`;
        log.line(`${title}: ${describeFlow(spec, result)}`);
        for (const problem of flowProblems(pair, result)) log.problem(`${title}: ${problem}`);
      }
    }
  },
};

function describeFlow({ messages }: FlowSpec, result: FlowResult): string {
  const { lead, bound, samples, elapsedMs, memory, reordered } = result;
  const use = ({ before, warm, most, after }: MemoryUse): string =>
    `${mib(before)} at first, ${mib(warm)} warm, ${mib(most)} at most from then on, ${mib(after)} after`;
  return (
    `${messages} messages in ${(elapsedMs / 1000).toFixed(1)} s; lead at most ${lead} messages ` +
    `(bound ${bound === Infinity ? 'none, the reader queues by itself' : bound}; counted ${samples} times);\n  client ${use(memory.client)};\n  server ${use(memory.server)}` +
    (reordered === undefined ? '' : `;\n  all came, but not in their order: ${reordered}`)
  );
}

/** What is wrong with a flow: a peer whose own library has no limit is only ever excused for itself. */
export function flowProblems(
  { client, server }: Pair,
  { lead, bound, samples, memory, problems }: FlowResult,
): string[] {
  const found = [...problems];
  if (samples < 5) found.push(`both ends were counted ${samples} times only`);
  if (lead > bound) found.push(`a lead of ${lead} messages, expected at most ${bound}`);
  for (const [side, peer, { warm, most }] of [
    ['client', client, memory.client],
    ['server', server, memory.server],
  ] as const) {
    if (peer.reads.messages !== Infinity && most > warm + FLAT_KIB) {
      found.push(`the ${side} grew from ${mib(warm)} to ${mib(most)}`);
    }
  }
  return found;
}

const load: Scenario = {
  name: 'load',
  what: '1,000 calls in flight of all shapes and sizes, with cancels, deadlines and errors; journals compared, leaks looked for',
  async run(options, log) {
    for (const pair of pairsFor(ours, options)) {
      // How streams travel is a choice of our client's.
      const ways = pair.client === ours ? (['dedicated', 'shared'] as const) : (['dedicated'] as const);
      for (const streams of ways) {
        const title = pair.client === ours ? `${titleOf(pair)}, streams ${streams}` : titleOf(pair);
        const { line, problems } = await withPair(pair, { streams }, async (driver, server) => {
          const spec = { seed: options.seed, calls: options.calls, inFlight: 1000, largest: 1 << 20 };
          await runLoad({ ...spec, calls: Math.min(3000, options.calls) }, driver, server, pair.server);
          const before = await holdings();
          const watch = new LifeWatch();
          const result = await runLoad(spec, driver, server, pair.server);
          watch.stop();
          const alive = await watch.alive();
          const after = await holdingsAfter(before);
          const problems = [...loadProblems(result, pair.server), ...leftovers(before, after)];
          if (Object.keys(alive).length > 0) problems.push(`alive: ${JSON.stringify(alive)} of ${watch.seen}`);
          if (after.heapKib > before.heapKib + RETURNED_KIB) problems.push('the heap has not returned');
          const pid = driver.pid ?? server.pid;
          const peer = pid === undefined ? '' : `, the peer has ${mib(residentKib(pid))}`;
          const kept =
            result.kept > 0
              ? `;\n  kept by the server ${result.kept} connections: ${pair.server.keepsConnections}`
              : '';
          const line =
            `${describeLoad(result)}${kept};\n  left: ${(await server.connections()).open} connections, ` +
            `${leftovers(before, after).length} descriptors, handles or listeners, ${sum(alive)} of ${watch.seen} objects; ` +
            `heap ${mib(before.heapKib)} before, ${mib(after.heapKib)} after; ` +
            `resident ${mib(before.residentKib)} before, ${mib(after.residentKib)} after${peer}`;
          return { line, problems };
        });
        log.line(`${title}: ${line}`);
        for (const problem of problems) log.problem(`${title}: ${problem}`);
      }
    }
  },
};

/** The figures of a load. */
export function describeLoad(result: LoadResult): string {
  const { made, answered, failed, wrong, excused, journal, mostInFlight, elapsedMs } = result;
  const { lost, doubled, invented, different, running } = journal;
  return (
    `${made} calls in ${(elapsedMs / 1000).toFixed(1)} s, ${mostInFlight} in flight at most; answered ${answered}, ` +
    `failed as planned ${sum(failed)} ${JSON.stringify(failed)};\n  wrong ${wrong}, lost ${lost}, doubled ${doubled}, ` +
    `invented ${invented}, different at the server ${different}, still running there ${running}` +
    Object.entries(excused)
      .map(([reason, count]) => `;\n  otherwise than planned ${count}: ${reason}`)
      .join('')
  );
}

/** What is wrong with a load; what the server's library is known to leave behind is its own. */
export function loadProblems(result: LoadResult, { keepsConnections }: Pick<SoakPeer, 'keepsConnections'>): string[] {
  const { made, answered, failed, wrong, excused, journal, examples } = result;
  const { lost, doubled, invented, different } = journal;
  const running = keepsConnections === undefined ? journal.running : 0;
  const bad = wrong + lost + doubled + invented + different + running;
  const found = bad === 0 ? [] : [`${bad} calls are wrong, lost, doubled, invented or running:`, ...examples];
  if (answered + sum(failed) + wrong + sum(excused) !== made) found.push('some calls have no end');
  return found;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

const KIB = 1024;

/** Cases in which a transport hangs whose two sides wait for each other. */
export const crossings: readonly CrossingSpec[] = [
  { echoes: 64, streams: 0, messages: 0, bytes: 256 * KIB },
  { echoes: 64, streams: 8, messages: 4, bytes: 256 * KIB },
  { echoes: 3000, streams: 0, messages: 0, bytes: 100 },
];

const crossing: Scenario = {
  name: 'crossing',
  what: 'large echoes and streams at once on one connection, and thousands of small calls: nothing hangs',
  async run(options, log) {
    for (const pair of pairsFor(ours, options)) {
      const ways = pair.client === ours ? (['dedicated', 'shared'] as const) : (['dedicated'] as const);
      for (const streams of ways) {
        await withPair(pair, { streams }, async (driver, server) => {
          for (const spec of crossings) {
            let [elapsedMs, bytes] = [0, 0];
            for (let round = 0; round < 10; round++) {
              const result = await runCrossing(spec, driver, server);
              elapsedMs += result.elapsedMs;
              bytes += result.bytes;
              for (const problem of result.problems) log.problem(`${titleOf(pair)}: ${problem}`);
            }
            const { echoes, streams: chats, messages } = spec;
            log.line(
              `${titleOf(pair)}, streams ${streams}: 10 times ${echoes} echoes and ${chats} streams of ${messages} ` +
                `of ${spec.bytes} bytes: ${mib(bytes / KIB)} each way in ${(elapsedMs / 1000).toFixed(1)} s`,
            );
          }
        });
      }
    }
  },
};

const churn: Scenario = {
  name: 'churn',
  what: 'so many connections as --calls says, for one call each; a server that is killed --kills times with calls in flight',
  async run({ calls, kills }, log) {
    const before = await holdings();
    for (const [title, run] of [
      [`${calls} short connections`, () => runShortConnections(calls)],
      [`killed ${kills} times`, () => runKills(kills)],
    ] as const) {
      const { answered, unavailable, elapsedMs, problems } = await run();
      log.line(
        `${title}: ${answered} calls answered, ${unavailable} UNAVAILABLE in ${(elapsedMs / 1000).toFixed(1)} s`,
      );
      for (const problem of problems) log.problem(`${title}: ${problem}`);
    }
    for (const problem of leftovers(before, await holdingsAfter(before))) log.problem(problem);
  },
};

const million: Scenario = {
  name: 'million',
  what: 'so many unary calls as --messages says (1,000,000) on one connection: each is answered once, and the memory is flat',
  async run({ messages }, log) {
    const before = await holdings();
    const { answered, elapsedMs, grownKib, problems } = await runManyCalls(messages);
    log.line(
      `${messages} calls: ${answered} answered in ${(elapsedMs / 1000).toFixed(1)} s, grown by ${mib(grownKib)} behind the first tenth`,
    );
    for (const problem of [...problems, ...leftovers(before, await holdingsAfter(before))]) log.problem(problem);
  },
};

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [crossing, load, backpressure, churn, million];
