import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Effort } from './runner/effort.js';

/** What the command line says. */
export interface BenchOptions extends Effort {
  quick: boolean;
  list: boolean;
  resume: boolean;
  docs: boolean;
  guard: boolean;
  /** Only rows whose id contains one of these. */
  rows: string[];
  /** Only pairs both of whose peers are named here; all when empty. */
  peers: string[];
  /** The file for the results. */
  json: string;
}

/** The usage text. */
export const USAGE = `npm run bench -- [options]
  --quick            the rows that matter most, with fewer peers, short: under 2 minutes
  --rows a,b         only rows whose id contains one of these
  --peers a,b        only pairs both of whose peers are named here
  --rounds n         rounds of interleaved measurements (default 5, quick 3)
  --ms n             length of one measurement in ms (default 300, quick 150)
  --calls n          calls in each measurement, instead of --ms
  --warm-up-ms n     how long fresh peers run before they are measured (default 800, quick 300)
  --fresh            measure processes whose heap was never collected as a whole, as none of a user's stays
  --age-s n          how long "aged" servers answer small calls before they are measured (default 120)
  --json path        where the results go, after each row (default bench/results.json)
  --resume           go on where that file ends: what stands in it is not measured again
  --docs             write docs/maintainers/benchmarks.md and its charts from the results
  --guard            only check that the ratios that CI watches hold
  --list             name the rows and end
  --no-build         run what was built before`;

const RESULTS = fileURLToPath(new URL('../../bench/results.json', import.meta.url));

/** Reads the arguments; throws an error that names the wrong one. */
export function readOptions(args: string[]): BenchOptions {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args,
    options: {
      quick: flag,
      list: flag,
      resume: flag,
      docs: flag,
      guard: flag,
      rows: { type: 'string', default: '' },
      peers: { type: 'string', default: '' },
      json: { type: 'string', default: RESULTS },
      rounds: { type: 'string' },
      ms: { type: 'string' },
      calls: { type: 'string' },
      'warm-up-ms': { type: 'string' },
      fresh: flag,
      'age-s': { type: 'string' },
    },
  });
  const { quick, list, resume, docs, guard, json } = values;
  return {
    ...{ quick, list, resume, docs, guard, json },
    rows: names(values.rows),
    peers: names(values.peers),
    rounds: number('rounds', values.rounds) ?? (quick ? 3 : 5),
    ms: number('ms', values.ms) ?? (quick ? 150 : 300),
    calls: number('calls', values.calls),
    warmUpMs: number('warm-up-ms', values['warm-up-ms']) ?? (quick ? 300 : 800),
    collected: !values.fresh,
    ageMs: (number('age-s', values['age-s']) ?? 120) * 1000,
  };
}

function names(text: string): string[] {
  return text.split(',').filter((name) => name !== '');
}

function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} "${text}": expected a whole number above 0`);
  return value;
}
