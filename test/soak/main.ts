/**
 * The long tests: `npm run soak -- [scenario…] [--seed N] [--peers own,go] [--calls N] [--messages N] [--kills N]`. Prints figures, and
 * ends with status 1 when something is wrong. A run with the same seed makes the same calls.
 */
import { parseArgs } from 'node:util';
import { foreign, ours } from './peers.js';
import type { Scenario } from './scenario.js';
import { scenarios } from './scenarios.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: String(1 + Math.floor(Math.random() * 1e6)) },
    peers: { type: 'string', default: [ours, ...foreign].map(({ title }) => title).join() },
    calls: { type: 'string', default: '20000' },
    messages: { type: 'string', default: '1000000' },
    kills: { type: 'string', default: '50' },
  },
});

function number(name: 'seed' | 'calls' | 'messages' | 'kills'): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name}: expected a positive integer, got ${values[name]}`);
  return value;
}

function chosen(): Scenario[] {
  const unknown = positionals.filter((name) => !scenarios.some((each) => each.name === name));
  const known = scenarios.map(({ name }) => name).join(', ');
  if (unknown.length > 0) throw new Error(`no scenario is called ${unknown.join(' or ')}; there are ${known}`);
  return scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
}

async function usablePeers(): Promise<string[]> {
  const wanted = values.peers.split(',');
  const known = [ours, ...foreign];
  const unknown = wanted.filter((title) => !known.some((peer) => peer.title === title));
  if (unknown.length > 0) throw new Error(`no peer is called ${unknown.join(' or ')}`);
  const usable: string[] = [];
  for (const peer of known.filter(({ title }) => wanted.includes(title))) {
    const missing = await peer.missing();
    if (missing === undefined) usable.push(peer.title);
    else console.log(`NOT TESTED: ${peer.title}: ${missing}`);
  }
  return usable;
}

const problems: string[] = [];
const options = {
  seed: number('seed'),
  calls: number('calls'),
  messages: number('messages'),
  kills: number('kills'),
  peers: await usablePeers(),
};
console.log(`seed ${options.seed}, peers ${options.peers.join(', ')}`);
const begun = Date.now();
for (const scenario of chosen()) {
  const { name, what } = scenario;
  console.log(`\n== ${name}: ${what}`);
  await scenario
    .run(options, {
      line: (text) => console.log(text),
      problem(text) {
        problems.push(`${name}: ${text}`);
        console.log(`PROBLEM: ${text}`);
      },
    })
    .catch((error: unknown) => {
      problems.push(`${name}: ${String(error)}`);
      console.log(error);
    });
}
console.log(`\n${Math.round((Date.now() - begun) / 1000)} s, seed ${options.seed}, ${problems.length} problems`);
for (const problem of problems) console.log(`  ${problem}`);
// Not process.exit(): what is left open would keep the process, and show.
if (problems.length > 0) process.exitCode = 1;
