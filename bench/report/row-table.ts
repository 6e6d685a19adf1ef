import { medianSample } from '../median.js';
import type { RowResult, Sample } from '../model.js';
import { textTable } from './text-table.js';

const HEADER = [
  'client -> server',
  'per s',
  'p50 µs',
  'p99 µs',
  'server CPU µs',
  'client CPU µs',
  'rate : 1st',
  'CPU : 1st',
];

/** The medians of a row; the last two columns are rate and server CPU as ratios to the row's first pair. */
export function rowTable({ id, title, samples, leftOut }: RowResult): string {
  const medians = Object.entries(samples).map(([name, each]) => [name, medianSample(each)] as const);
  const first = medians[0]?.[1];
  const lines = medians.map(([name, sample]) => [
    name,
    sample.perSecond.toFixed(0),
    latency(sample.p50Us),
    latency(sample.p99Us),
    sample.serverCpuUs.toFixed(2),
    sample.clientCpuUs.toFixed(2),
    ratio(sample, first, 'perSecond'),
    ratio(sample, first, 'serverCpuUs'),
  ]);
  const without = Object.entries(leftOut).map(([name, reason]) => `\n${name}: ${reason}`);
  return `${id}: ${title}\n${textTable(HEADER, lines)}${without.join('')}`;
}

function latency(us: number): string {
  return us === 0 ? '' : us.toFixed(0);
}

function ratio(sample: Sample, first: Sample | undefined, field: keyof Sample): string {
  return first === undefined ? '' : (sample[field] / first[field]).toFixed(2);
}
