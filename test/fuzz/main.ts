import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ClientHarness } from './client-harness.js';
import { fuzz, type Found } from './fuzz.js';
import { clientSeeds, serverSeeds } from './seeds.js';
import { ServerHarness } from './server-harness.js';

/*
 * The mutation fuzzer from the command line: npm run fuzz -- --seconds 60. Says what was reached and how fast; ends with
 * status 1 when an invariant was broken, and says how to see it again.
 */

const { values } = parseArgs({
  options: {
    side: { type: 'string', default: 'all' },
    seconds: { type: 'string' },
    frames: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string', default: '0' },
    count: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const sides =
  values.side === 'all' ? (['server', 'client', 'nest'] as const) : [values.side as 'server' | 'client' | 'nest'];

if (values.help || !['server', 'client', 'nest', 'all'].includes(values.side)) {
  process.stdout.write(`npm run fuzz -- [options]
  --side server|client|nest|all   who is under test: the engine's server or client, a Nest application (all)
  --seconds N                 stop after N seconds for each side (10, unless --frames or --count says when to stop)
  --frames N                  stop after N mutated frames for each side
  --seed N                    the seed of the run (a new one)
  --from N --count N          only the mutants from number N, so many of them
`);
  process.exit(values.help ? 0 : 2);
}

const number = (value: string | undefined): number | undefined => (value === undefined ? undefined : Number(value));
const seed = number(values.seed) ?? Math.floor(Math.random() * 2 ** 31);
const bounded = values.frames !== undefined || values.count !== undefined;
const seconds = number(values.seconds) ?? (bounded ? Infinity : 10);
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

let failed = false;
for (const side of sides) {
  const harness =
    side === 'client' ? await ClientHarness.start() : await ServerHarness.start(side === 'nest' ? 'nest' : 'engine');
  const found: Found[] = [];
  const report = await fuzz({
    side,
    seeds: side === 'client' ? clientSeeds() : serverSeeds(),
    harness,
    seed,
    from: number(values.from) ?? 0,
    count: number(values.count) ?? Infinity,
    seconds,
    frames: number(values.frames) ?? Infinity,
    gc,
    onFound: (each) => found.push(each),
  });
  process.stdout.write(`${report.join('\n')}\n\n`);
  for (const { violation, mutant, span, hex } of found) {
    failed = true;
    process.stdout.write(
      `BROKEN: ${violation.invariant}: ${violation.message}\n  again: npm run fuzz -- --side ${side} --seed ${seed} --from ${mutant} --count ${span}\n${hex.map((each) => `  ${each}\n`).join('')}`,
    );
  }
  await harness.close();
}
process.exitCode = failed ? 1 : 0;
