import { describe, expect, it } from '@jest/globals';
import { runKills, runShortConnections } from './churn.js';
import { runCrossing } from './crossing.js';
import { runFlow } from './flow.js';
import { holdings, holdingsAfter, leftovers, LifeWatch } from './leaks.js';
import { runLoad } from './load.js';
import { pairsOf, titleOf, withPair } from './pairs.js';
import { foreign, ours } from './peers.js';
import { crossings, loadProblems } from './scenarios.js';

// The short form of `npm run soak`. SOAK_SEED=123 replays a load.
const SEED = Number(process.env['SOAK_SEED'] ?? 1 + Math.floor(Math.random() * 1e6));
/** Building the foreign programs for the first time compiles all that they import. */
const LIMIT_MS = 300_000;

const missing = await Promise.all(foreign.map(async (peer) => ({ peer, reason: await peer.missing() })));
for (const { peer, reason } of missing) {
  if (reason !== undefined)
    process.stderr.write(`${reason}: load, crossing and backpressure with ${peer.title} are skipped\n`);
}

for (const pair of pairsOf(ours, foreign)) {
  const present = [pair.client, pair.server].every(
    (peer) => !missing.some((each) => each.peer === peer && each.reason),
  );
  (present ? describe : describe.skip)(titleOf(pair), () => {
    it(
      `1,000 calls of all kinds at once end as planned, once, and leave nothing (seed ${SEED})`,
      async () => {
        await withPair(pair, {}, async (driver, server) => {
          const spec = { seed: SEED, calls: 1000, inFlight: 1000, largest: 20_000 };
          await runLoad({ ...spec, calls: 100 }, driver, server, pair.server);
          const before = await holdings();
          const watch = new LifeWatch();
          const result = await runLoad(spec, driver, server, pair.server);
          watch.stop();
          expect(loadProblems(result, pair.server)).toEqual([]);
          expect(result.mostInFlight).toBeGreaterThan(900);
          expect(await watch.alive()).toEqual({});
          expect(leftovers(before, await holdingsAfter(before))).toEqual([]);
        });
      },
      LIMIT_MS,
    );

    it(
      'large messages that cross each other on one connection do not hang',
      async () => {
        await withPair(pair, { streams: 'shared' }, async (driver, server) => {
          for (const spec of crossings) expect((await runCrossing(spec, driver, server)).problems).toEqual([]);
        });
      },
      LIMIT_MS,
    );

    it.each(['server', 'client'] as const)(
      'a reader that sleeps holds the sender back: the %s sends',
      async (sender) => {
        await withPair(pair, {}, async (driver, server) => {
          const spec = { sender, messages: 6000, bytes: 1024, pauseEvery: 1500, pauseMs: 120 };
          const { lead, bound, samples, problems } = await runFlow(spec, pair, driver, server);
          expect(problems).toEqual([]);
          expect(samples).toBeGreaterThan(0);
          expect(lead).toBeGreaterThan(100);
          // Where a library has no limit of its own there is nothing to hold.
          expect(lead).toBeLessThanOrEqual(bound);
        });
      },
      LIMIT_MS,
    );
  });
}

describe('what comes and goes', () => {
  it('500 connections for one call each leave nothing', async () => {
    const before = await holdings();
    expect(await runShortConnections(500)).toMatchObject({ answered: 500, problems: [] });
    expect(leftovers(before, await holdingsAfter(before))).toEqual([]);
  });

  it('a server that is killed with calls in flight and started again: each call ends once', async () => {
    const { answered, problems } = await runKills(2);
    expect(problems).toEqual([]);
    expect(answered).toBeGreaterThanOrEqual(4);
  });
});
