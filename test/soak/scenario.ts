/** What a run of the soak tests was asked for. */
export interface SoakOptions {
  /** All random numbers follow from it. */
  seed: number;
  /** Peers by title, ours among them. */
  peers: readonly string[];
  /** Calls of each load, and short connections. */
  calls: number;
  /** Messages of each flow, and calls of `million`. */
  messages: number;
  /** How often a server is killed. */
  kills: number;
}

/** What a scenario prints and finds. */
export interface SoakLog {
  /** One line of figures. */
  line(text: string): void;
  /** Something that must not be; the run fails. */
  problem(text: string): void;
}

/** One long test of the soak: a new one is added to the list in main.ts. */
export interface Scenario {
  /** As on the command line. */
  name: string;
  /** What it does, in a line. */
  what: string;
  run(options: SoakOptions, log: SoakLog): Promise<void>;
}
