import { pairName, type Load, type Row, type RowResult } from '../model.js';
import { failure } from '../results/failure.js';
import type { Effort } from './effort.js';
import { RunningPair } from './running-pair.js';

const MAX_CALLS = 200_000;
/** In each measurement at least, also where one call takes long. */
const MIN_CALLS = 16;
/** The messages of the first part of the warm-up have no more. */
const SMALL_BYTES = 4096;

interface Measured {
  name: string;
  pair: RunningPair;
  calls: number;
}

/**
 * Measures the pairs of a row in turn, round by round, so that what else the machine does hits all of them alike. Each
 * row has processes of its own: what one row left in a heap says nothing about the next. A pair that fails is left out
 * of the rest, with the error.
 */
export async function runRow(row: Row, effort: Effort, onStep: (what: string) => void): Promise<RowResult> {
  const { id, title, scaling, leftOut } = row;
  const result: RowResult = { id, title, samples: {}, leftOut: { ...leftOut }, ...(scaling && { scaling }) };
  const running = new Map<string, Measured>();

  /** Does something with a pair; ends the pair when that fails. */
  async function attempt(name: string, what: string, action: () => Promise<void>): Promise<void> {
    onStep(`${name}: ${what}`);
    try {
      await action();
    } catch (error) {
      result.leftOut[name] = failure(error);
      result.failed = true;
      delete result.samples[name];
      await running.get(name)?.pair.stop();
      running.delete(name);
    }
  }

  try {
    for (const each of row.pairs) {
      const name = pairName(each);
      if (name in result.leftOut) continue;
      await attempt(name, 'start', async () => {
        running.set(name, { name, pair: await RunningPair.start(each, row.connections ?? 1), calls: 0 });
      });
    }
    if (row.age) await age(running.values(), row.age, effort.ageMs, onStep);
    for (const measured of [...running.values()]) {
      await attempt(measured.name, 'warm-up', async () => {
        const maxCalls = row.maxCalls ?? MAX_CALLS;
        const { pair } = measured;
        // Large messages are too few in this time for the compilers: small ones warm the code that both have in common.
        if (row.load.bytes > SMALL_BYTES) {
          await pair.warmUp({ ...row.load, bytes: SMALL_BYTES }, effort.warmUpMs, MAX_CALLS);
        }
        if (row.warmUp) await pair.warmUp(row.warmUp, effort.warmUpMs, maxCalls);
        if (effort.collected) {
          // As a process that has had this load, and a pause.
          await pair.warmUp(row.load, effort.warmUpMs, maxCalls);
          await pair.collect();
        }
        const rate = await pair.warmUp(row.load, effort.warmUpMs, maxCalls);
        const calls = effort.calls ?? Math.max((rate * effort.ms) / 1000, MIN_CALLS, row.load.inFlight);
        measured.calls = Math.min(Math.ceil(calls), maxCalls);
      });
    }
    for (let round = 1; round <= effort.rounds; round++) {
      for (const { name, pair, calls } of [...running.values()]) {
        await attempt(name, `round ${round} of ${effort.rounds}`, async () => {
          (result.samples[name] ??= []).push(await pair.measure({ ...row.load, calls }));
        });
      }
    }
  } finally {
    for (const { pair } of running.values()) await pair.stop();
  }
  return result;
}

/** All pairs at once: it is the number of calls that counts, not their rate. */
async function age(
  pairs: Iterable<Measured>,
  load: Omit<Load, 'calls'>,
  ms: number,
  onStep: (what: string) => void,
): Promise<void> {
  onStep(`small calls for ${ms / 1000} s`);
  await Promise.all([...pairs].map(({ pair }) => pair.warmUp(load, ms, MAX_CALLS)));
}
