import { setFlagsFromString } from 'node:v8';
import type { LoadPlan } from './load.js';

/** Up to so many planned calls a second code that is not optimized keeps up easily, requests made of templates included. */
const EASY_RATE = 10_000;

/** So few calls are over before optimizing them pays. */
const FEW_CALLS = 2000;

/** The compilers that optimize, as flags of V8. */
const OPTIMIZING = ['opt', 'maglev'];

/** What scripts/command-loader.cjs sets in the bundle: it keeps for later runs what V8 has compiled, if that is not kept already. */
interface Loader {
  keepCompiled?: () => void;
}

/**
 * Turns V8's optimizing compilers off where `plan` gains nothing by them. They work for the first seconds of a load, and take
 * the load's own core where it has no other: calls then wait for 2 to 20 ms, which would pass for the server's latency.
 */
export function calmCompilers({ schedule, total }: LoadPlan): void {
  if (schedule ? schedule.peak > EASY_RATE : total > FEW_CALLS) return;
  // What is compiled under other flags than those of Node's start is of no use to a run that starts.
  (globalThis as Loader).keepCompiled?.();
  for (const name of OPTIMIZING) setFlagsFromString(`--no-${name}`);
}
