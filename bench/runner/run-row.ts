import { pairName, type Row, type RowResult } from '../model.js';
import { RunningPair } from './running-pair.js';

/** How long and how often is measured. */
export interface Effort {
  rounds: number;
  /** One measurement takes about so long, in ms, unless `calls` says how many calls it has. */
  ms: number;
  calls?: number | undefined;
  /** Each fresh pair runs so long before it is measured, in ms. */
  warmUpMs: number;
}

const MAX_CALLS = 200_000;
const MIN_CALLS = 20;

/**
 * Measures the pairs of a row in turn, round by round, so that what else the machine does hits all of them alike. Each
 * row has processes of its own: what one row left in a heap says nothing about the next.
 */
export async function runRow(row: Row, effort: Effort, onStep: (what: string) => void): Promise<RowResult> {
  const running = new Map<string, { pair: RunningPair; calls: number }>();
  const samples: RowResult['samples'] = {};
  const maxCalls = row.maxCalls ?? MAX_CALLS;
  try {
    for (const each of row.pairs) {
      const name = pairName(each);
      onStep(`${name}: warm-up`);
      const pair = await RunningPair.start(each, row.connections ?? 1);
      running.set(name, { pair, calls: 0 });
      const rate = await pair.warmUp(row.load, effort.warmUpMs, maxCalls);
      const calls = effort.calls ?? Math.max((rate * effort.ms) / 1000, MIN_CALLS, row.load.inFlight * 4);
      running.set(name, { pair, calls: Math.min(Math.ceil(calls), maxCalls) });
      samples[name] = [];
    }
    for (let round = 1; round <= effort.rounds; round++) {
      for (const [name, { pair, calls }] of running) {
        onStep(`${name}: round ${round} of ${effort.rounds}`);
        samples[name]?.push(await pair.measure({ ...row.load, calls }));
      }
    }
  } finally {
    for (const { pair } of running.values()) await pair.stop();
  }
  return { row, samples };
}
