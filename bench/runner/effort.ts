/** How long and how often is measured. */
export interface Effort {
  rounds: number;
  /** One measurement takes about so long, in ms, unless `calls` says how many calls it has. */
  ms: number;
  calls?: number | undefined;
  /** Each fresh pair runs so long before it is measured, in ms. */
  warmUpMs: number;
  /** How long the rows about aged servers let them age, in ms. */
  ageMs: number;
}
