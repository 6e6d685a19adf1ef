import { parseArgs } from 'node:util';
import type { Effort } from './runner/effort.js';

/** What the command line says. */
export interface BenchOptions extends Effort {
  quick: boolean;
  list: boolean;
  /** Only rows whose id contains one of these. */
  rows: string[];
  /** Only pairs both of whose peers are named here; all when empty. */
  peers: string[];
}

/** The usage text. */
export const USAGE = `npm run bench -- [options]
  --quick            the rows that matter most, short: under 2 minutes
  --rows a,b         only rows whose id contains one of these
  --peers a,b        only pairs both of whose peers are named here
  --rounds n         rounds of interleaved measurements (default 5, quick 3)
  --ms n             length of one measurement in ms (default 500, quick 250)
  --calls n          calls in each measurement, instead of --ms
  --warm-up-ms n     how long fresh peers run before they are measured (default 1000, quick 600)
  --age-s n          how long "aged" servers answer small calls before they are measured (default 120)
  --list             names the rows and ends`;

/** Reads the arguments; throws an error that names the wrong one. */
export function readOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      rows: { type: 'string', default: '' },
      peers: { type: 'string', default: '' },
      rounds: { type: 'string' },
      ms: { type: 'string' },
      calls: { type: 'string' },
      'warm-up-ms': { type: 'string' },
      'age-s': { type: 'string' },
    },
  });
  const { quick } = values;
  return {
    quick,
    list: values.list,
    rows: names(values.rows),
    peers: names(values.peers),
    rounds: number('rounds', values.rounds) ?? (quick ? 3 : 5),
    ms: number('ms', values.ms) ?? (quick ? 250 : 500),
    calls: number('calls', values.calls),
    warmUpMs: number('warm-up-ms', values['warm-up-ms']) ?? (quick ? 600 : 1000),
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
