/** What a driver is asked to do: the fields of its command `run`. */
export interface Load {
  /** An rpc of bench.proto: `order` is Place, the others have the names of their rpcs. */
  kind: 'unary' | 'guarded' | 'order' | 'download' | 'upload' | 'chat';
  /** Size of each body; of an order's text, 0 for a short one. */
  bytes: number;
  /** Calls at once; for `chat` messages that are not answered yet. */
  inFlight: number;
  /** Calls, or messages of one stream. */
  calls: number;
  /** Each call carries two metadata entries. */
  metadata?: boolean;
  /** So many metadata entries beside those; Go's drivers only. */
  pairs?: number;
  /** Each call carries a deadline, in ms. */
  deadlineMs?: number;
  /** Calls a second by a plan, from which latencies count; Go's drivers only, unary calls. */
  rate?: number;
}

/** What a driver answers to `run`. Times in microseconds. */
export interface RunResult {
  calls: number;
  elapsedUs: number;
  /** User and system time of the driver. */
  cpuUs: number;
  /** 0 where single messages have no response. */
  p50Us: number;
  p99Us: number;
}

/** One measurement of one pair; CPU for each call or message. */
export interface Sample {
  perSecond: number;
  serverCpuUs: number;
  clientCpuUs: number;
  p50Us: number;
  p99Us: number;
}

/** A driver and the server that it calls. */
export interface Pair {
  client: string;
  server: string;
}

/** `go-ttrpc -> nest-ttrpc`. */
export function pairName({ client, server }: Pair): string {
  return `${client} -> ${server}`;
}

/** A load that several pairs carry in turn. */
export interface Row {
  /** Short and unique, for the command line. */
  id: string;
  title: string;
  load: Omit<Load, 'calls'>;
  /** Open connections; calls are spread over them. Default 1. */
  connections?: number;
  /** At most so many calls in one measurement. */
  maxCalls?: number;
  /** What the pairs do for a while, all at once, before they are measured. */
  age?: Omit<Load, 'calls'>;
  /** What warms both sides up before `load` does, where that is too slow for it. */
  warmUp?: Omit<Load, 'calls'>;
  /** Part of a quick run. */
  quick: boolean;
  pairs: Pair[];
  /** Pairs that differ in the number of their workers only; the report says how the calls grow with them. */
  scaling?: readonly Scaling[];
  /** Pairs that cannot be measured, by name, with the reason. */
  leftOut?: Record<string, string>;
}

/** The names of two pairs: a server with one worker, and with two. */
export interface Scaling {
  one: string;
  two: string;
}

/** The measurements of a row, by the names of its pairs, in the order of the rounds. */
export interface RowResult {
  id: string;
  title: string;
  samples: Record<string, Sample[]>;
  /** As in the row. */
  scaling?: readonly Scaling[];
  /** Pairs without samples, with the reason. */
  leftOut: Record<string, string>;
  /** True when a pair was left out because something went wrong. */
  failed?: boolean;
}

/** What is measured of a server beside its calls: each figure with its unit, one value for each fresh process. */
export interface FigureResult {
  id: string;
  title: string;
  /** Names of the figures, with their units. */
  figures: readonly string[];
  /** By server, then by figure. */
  values: Record<string, Record<string, number[]>>;
  leftOut: Record<string, string>;
  failed?: boolean;
  /** Set where the figures are the cost of a call at growing sizes of something. */
  growth?: Growth;
}

/** What grows. */
export interface Growth {
  /** Its name: `connections`. */
  what: string;
  /** The sizes, one for each figure. */
  sizes: readonly number[];
  /** The exponent with which the work of a call grows with it: 0 where it does not, 1 where it is proportional. */
  work: 0 | 1;
  /** The work of a call itself changes below this size, which the slope over all leaves out. Default: the smallest. */
  from?: number;
  /** What one has to know to read the figures. */
  note?: string;
}
