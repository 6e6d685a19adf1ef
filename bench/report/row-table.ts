import { median, medianSample } from '../median.js';
import type { RowResult, Sample } from '../model.js';
import { textTable } from './text-table.js';

/** The header of the table of a row. */
export const ROW_HEADER = [
  'client -> server',
  'per s',
  'p50 µs',
  'p99 µs',
  'server CPU µs',
  'client CPU µs',
  'rate : 1st',
  'server CPU : 1st',
];

/** The medians of a row; the last columns compare with the row's first pair, round by round. */
export function rowLines({ samples }: RowResult): string[][] {
  const [first] = Object.values(samples);
  return Object.entries(samples).map(([name, each]) => {
    const middle = medianSample(each);
    return [
      name,
      middle.perSecond.toFixed(0),
      latency(middle.p50Us),
      latency(middle.p99Us),
      middle.serverCpuUs.toFixed(2),
      middle.clientCpuUs.toFixed(2),
      ratio(each, first, 'perSecond'),
      ratio(each, first, 'serverCpuUs'),
    ];
  });
}

/** What was not measured, and why. */
export function leftOutLines({ leftOut }: Pick<RowResult, 'leftOut'>): string[] {
  return Object.entries(leftOut).map(([name, reason]) => `${name}: ${reason}`);
}

/** For the terminal. */
export function rowTable(row: RowResult): string {
  return [`${row.id}: ${row.title}`, textTable(ROW_HEADER, rowLines(row)), ...leftOutLines(row)].join('\n');
}

function latency(us: number): string {
  return us === 0 ? '' : us.toFixed(0);
}

function ratio(samples: readonly Sample[], first: readonly Sample[] = [], field: keyof Sample): string {
  return median(samples.map((sample, round) => sample[field] / (first[round]?.[field] ?? Number.NaN))).toFixed(2);
}
