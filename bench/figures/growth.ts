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
const SMALL = { kind: 'unary', bytes: 64, inFlight: 64 } as const;

function growth(
  id: string,
  title: string,
  { what, sizes, work }: Growth,
  label: (size: number) => string,
  point: (size: number) => Point,
  server = 'nest-ttrpc',
): Figure {
  return {
    id: `growth-${id}`,
    title: `Server CPU in µs for each ${title}`,
    figures: sizes.map(label),
    growth: { what, sizes, work },
    pairs: [{ client: 'go-ttrpc', server }],
    quick: false,
    rounds: { quick: 1, full: 3 },
    async measure(pair, effort) {
      const costs: number[] = [];
      for (const size of sizes) costs.push(await measurePoint(pair, point(size), effort));
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
    const rate = await running.warmUp(load, effort.warmUpMs, MAX_CALLS);
    const wanted = calls ?? Math.min(Math.max(Math.ceil((rate * effort.ms) / 1000), load.inFlight), MAX_CALLS);
    return (await running.measure({ ...load, calls: wanted })).serverCpuUs;
  } finally {
    await running.stop();
  }
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
    'call, by open connections; 64 calls in flight: up to 64 connections fewer calls share a read and a write, beyond that the others are idle',
    { what: 'connections', sizes: decades(10_000), work: 0 },
    number,
    (connections) => ({ load: SMALL, connections }),
    'engine',
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
    { what: 'bytes', sizes: [0, 64, 1024, 16_384, 65_536, 262_144, MIB, 4 * MIB], work: 1 },
    bytes,
    (size) => ({ load: { kind: 'unary', bytes: body(size), inFlight: 8 } }),
  ),
  growth(
    'stream',
    'message of a server stream of 64 B, by messages of the stream',
    { what: 'messages', sizes: decades(10_000_000), work: 0 },
    number,
    (calls) => ({ load: { kind: 'download', bytes: 64, inFlight: 64 }, calls }),
  ),
];
