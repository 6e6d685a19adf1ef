/** How long and how often is measured. */
export interface Effort {
  rounds: number;
  /** One measurement takes about so long, in ms, unless `calls` says how many calls it has. */
  ms: number;
  calls?: number | undefined;
  /** Each fresh pair runs so long before it is measured, in ms. */
  warmUpMs: number;
  /**
   * True: the heaps of both sides are collected as a whole before they are measured. V8 does that to every process that
   * runs for minutes or is idle, and collects more often from then on: it is the state that users have.
   */
  collected: boolean;
  /** How long the rows about aged servers let them age, in ms. */
  ageMs: number;
}
