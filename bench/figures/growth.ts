import { median } from '../median.js';
import type { Growth, Load, Pair } from '../model.js';
import type { Effort } from '../runner/effort.js';
import { RunningPair } from '../runner/running-pair.js';
import type { Figure } from './figure.js';

/** How one size is measured. */
interface Point {
  load: Omit<Load, 'calls'>;
  connections?: number;
  /** The server, where it is not that of the figure. */
  server?: string;
  /** The calls, or messages of the stream, where that is what grows. */
  calls?: number;
}

const MIB = 1024 * 1024;
/** In a measurement at most. */
const MAX_CALLS = 100_000;
/** A point is the median of so many measurements of one process. */
const MEASUREMENTS = 3;
/** Short streams are repeated until they have had so many messages, but not more often than `MAX_STREAMS`. */
const MIN_MESSAGES = 100_000;
const MAX_STREAMS = 200;
const SMALL = { kind: 'unary', bytes: 64, inFlight: 64 } as const;

function growth(
  id: string,
  title: string,
  kind: Growth,
  label: (size: number) => string,
  point: (size: number) => Point,
  ...servers: string[]
): Figure {
  return {
    id: `growth-${id}`,
    title: `Server CPU in µs for each ${title}`,
    figures: kind.sizes.map(label),
    growth: kind,
    pairs: (servers.length > 0 ? servers : ['nest-ttrpc']).map((server) => ({ client: 'go-ttrpc', server })),
    quick: false,
    rounds: { quick: 1, full: 3 },
    async measure(pair, effort) {
      const costs: number[] = [];
      for (const size of kind.sizes) costs.push(await measurePoint(pair, point(size), effort));
      return costs;
    },
  };
}

async function measurePoint(
  pair: Pair,
  { load, connections = 1, server, calls }: Point,
  effort: Effort,
): Promise<number> {
  const running = await RunningPair.start({ ...pair, ...(server !== undefined && { server }) }, connections);
  try {
    if (effort.collected) {
      await running.warmUp(load, effort.warmUpMs / 2, MAX_CALLS);
      await running.collect();
    }
    const rate = await running.warmUp(load, effort.warmUpMs, MAX_CALLS);
    if (calls !== undefined) return await repeatedCost(running, { ...load, calls });
    const wanted = Math.min(Math.max(Math.ceil((rate * effort.ms) / 1000), load.inFlight), MAX_CALLS);
    const costs: number[] = [];
    while (costs.length < MEASUREMENTS) costs.push((await running.measure({ ...load, calls: wanted })).serverCpuUs);
    return median(costs);
  } finally {
    await running.stop();
  }
}

/** Of the messages of a stream, which is repeated where it is short. */
async function repeatedCost(running: RunningPair, load: Load): Promise<number> {
  const streams = Math.min(Math.max(Math.round(MIN_MESSAGES / load.calls), 1), MAX_STREAMS);
  let sum = 0;
  for (let i = 0; i < streams; i++) sum += (await running.measure(load)).serverCpuUs;
  return sum / streams;
}

/** From 1 to 10,000,000 in decades, as far as `last`. */
function decades(last: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size <= last; size *= 10) sizes.push(size);
  return sizes;
}

const number = (size: number): string => size.toLocaleString('en');
const bytes = (size: number): string =>
  size >= MIB ? `${size / MIB} MiB` : size >= 1024 ? `${size / 1024} KiB` : `${size} B`;
/** The largest message is one of 4 MiB with its envelope. */
const body = (size: number): number => Math.min(size, 4 * MIB - 64);

/** What a call costs the server as something grows: nothing may grow faster than the work that it is. */
export const growthFigures: Figure[] = [
  growth(
    'connections',
    'call, by connections',
    {
      what: 'connections',
      sizes: decades(10_000),
      work: 0,
      from: 100,
      note:
        'The connections are used in turn, with 64 calls in flight: up to 64 connections ever fewer calls share a read ' +
        'and a write. Beyond that caches hold ever less of them, which bare Node (`floor`) feels, too.',
    },
    number,
    (connections) => ({ load: SMALL, connections }),
    'engine',
    'floor',
  ),
  growth(
    'methods',
    'call, by methods of the service',
    { what: 'methods', sizes: [1, 10, 100, 1000, 2000], work: 0 },
    number,
    (methods) => ({ load: SMALL, server: `engine-methods-${methods}` }),
    'engine',
  ),
  growth(
    'metadata',
    'call, by pairs of metadata',
    { what: 'pairs of metadata', sizes: [0, 1, 4, 16, 64], work: 1 },
    number,
    (pairs) => ({ load: { ...SMALL, pairs } }),
  ),
  growth(
    'size',
    'call, by size of the message; 8 in flight',
    {
      what: 'bytes',
      sizes: [0, 64, 1024, 16_384, 65_536, 262_144, MIB, 4 * MIB],
      work: 1,
      note:
        'With 8 messages of 4 MiB in flight V8 may collect the heap at every few calls, by how much a process has ' +
        'allocated before: a call then costs about three times as much (Performance, "Large messages").',
    },
    bytes,
    (size) => ({ load: { kind: 'unary', bytes: body(size), inFlight: 8 } }),
  ),
  growth(
    'stream',
    'message of a server stream of 64 B, by messages of the stream',
    {
      what: 'messages',
      sizes: decades(10_000_000),
      work: 0,
      from: 1000,
      note: 'Of a short stream most is the call itself.',
    },
    number,
    (calls) => ({ load: { kind: 'download', bytes: 64, inFlight: 64 }, calls }),
  ),
];
