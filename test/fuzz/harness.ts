import type { Counters } from './counters.js';
import type { Mutant } from './mutate.js';
import type { Random } from '../support/random.js';
import { turn } from '../support/deferred.js';

/** An invariant that was broken. */
export class Violation extends Error {
  override readonly name = 'Violation';
  /** `invariant` is which one; `mutant` is the number of the mutant, where it is known. */
  constructor(
    readonly invariant: Invariant,
    what: string,
    readonly mutant?: number,
  ) {
    super(what);
  }
}

/** What must hold whatever is sent. */
export type Invariant =
  /** No exception and no rejection reaches the process. */
  | 'the process lives'
  /** A well-behaved peer beside the mutants is served as always. */
  | 'other connections go on'
  /** Nothing is held above the limits, and nothing is held when all is over. */
  | 'memory stays in its limits'
  /** A call ends once, and when its connection is gone it has ended. */
  | 'every call ends once'
  /** What is sent keeps to the protocol, whatever came. */
  | 'what is sent keeps to the protocol';

/** What is under test, and how a mutant is run against it. */
export interface Harness {
  readonly counters: Counters;
  /** Runs one mutant to its end. Rejects with a {@link Violation}. `random` decides what else happens meanwhile. */
  run(mutant: Mutant, number: number, random: Random): Promise<void>;
  /** Looks at what must hold between mutants: nothing is left, others are served. Rejects with a {@link Violation}. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** This many turns without an event count as silence. */
const QUIET_TURNS = 4;
/** After so many turns in a row with events something goes round and round. */
const MAX_TURNS = 5000;

/** Waits until `events` has not changed for some turns. */
export async function quiet(events: () => number): Promise<void> {
  let last = events();
  for (let turns = 0, still = 0; still < QUIET_TURNS; turns++) {
    await turn();
    const now = events();
    still = now === last ? still + 1 : 0;
    last = now;
    if (turns > MAX_TURNS)
      throw new Violation('memory stays in its limits', `after ${turns} turns there are still events`);
  }
}

/** Waits until `done`, for at most some turns. */
export async function until(done: () => boolean): Promise<boolean> {
  for (let turns = 0; turns < 1000; turns++) {
    if (done()) return true;
    await turn();
  }
  return done();
}
