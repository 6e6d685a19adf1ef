import { statusName } from '../../protocol/core/status.js';
import { styled } from '../output.js';
import { plainJson, plainText } from '../plain-text.js';
import type { LoadEnd, Traffic } from './load.js';
import type { Measurements } from './measurements.js';

const PERCENTILES = [10, 25, 50, 75, 90, 95, 99, 99.9, 99.99];
const BAR = 40;
/** What stands before a bar, without the count. */
const BAR_START = 14;

/** What was measured, and how. */
export interface BenchResult {
  readonly method: string;
  readonly connections: number;
  readonly concurrency: number;
  readonly rps: string | undefined;
  readonly end: LoadEnd;
  readonly measured: Measurements;
}

/** For people. */
export function summaryOf({ end, measured, rps }: BenchResult, out: NodeJS.WriteStream): string {
  const title = (text: string): string => styled('bold', text, out);
  const lines = [
    title('Summary'),
    `  Calls      ${measured.count}`,
    `  Failed     ${measured.failed === 0 ? '0' : styled('red', String(measured.failed), out)}`,
    `  Duration   ${timeOf(end.elapsedMs)}`,
    `  Rate       ${rateOf(measured, end).toFixed(1)} calls/s`,
    `  Sent       ${trafficOf(end.sent)}`,
    `  Received   ${trafficOf(end.received)}`,
  ];
  if (end.skipped > 0) lines.push(`  Skipped    ${end.skipped} of the first`);
  if (end.notStarted > 0) {
    const text = `  Not made   ${end.notStarted}: their time had come, and all calls that may be in flight were`;
    lines.push(styled('yellow', text, out));
  }
  if (end.brokenOff > 0) lines.push(styled('yellow', `  Broken off ${end.brokenOff} in flight`, out));
  // Without a call there is nothing that took no time.
  if (measured.count > 0) lines.push(...measuredLines(measured, rps !== undefined, out));
  return `${lines.join('\n')}\n`;
}

function measuredLines(measured: Measurements, isPlanned: boolean, out: NodeJS.WriteStream): string[] {
  const lines: string[] = [];
  lines.push('', styled('bold', `Latency${isPlanned ? ', from the planned start' : ''}`, out));
  lines.push(`  Fastest    ${timeOf(measured.minMs)}`);
  lines.push(`  Mean       ${timeOf(measured.meanMs)}`);
  lines.push(`  Slowest    ${timeOf(measured.maxMs)}`);
  for (const percent of PERCENTILES) {
    lines.push(`  ${`${percent} %`.padEnd(10)} ${timeOf(measured.percentileMs(percent))}`);
  }
  const rows = measured.rows();
  const most = Math.max(1, ...rows.map(({ count }) => count));
  const width = String(most).length;
  // A bar that is too long would go on below.
  const longest = out.isTTY ? Math.min(BAR, Math.max(1, out.columns - BAR_START - width)) : BAR;
  lines.push('', styled('bold', 'Histogram', out));
  for (const { upToMs, count } of rows) {
    const bound = upToMs === Infinity ? 'longer' : `to ${timeOf(upToMs)}`;
    const bar = '■'.repeat(Math.round((longest * count) / most));
    lines.push(`  ${bound.padEnd(10)} ${String(count).padStart(width)} ${styled('cyan', bar, out)}`.trimEnd());
  }
  lines.push('', styled('bold', 'Status codes', out));
  for (const [code, count] of measured.codes()) {
    lines.push(`  ${styled(code === 0 ? 'green' : 'red', statusName(code).padEnd(20), out)} ${count}`);
  }
  for (const [message, count] of measured.errors())
    lines.push(`    ${count} × ${plainText(message.split('\n')[0] ?? '')}`);
  return lines;
}

/** For programs: one object. Times are in ms. */
export function jsonOf({ method, connections, concurrency, rps, end, measured }: BenchResult): string {
  const percentiles = PERCENTILES.map((percent) => [`p${percent}`, round(measured.percentileMs(percent))]);
  const json = {
    method,
    connections,
    concurrency,
    rps: rps ?? null,
    calls: measured.count,
    failed: measured.failed,
    skipped: end.skipped,
    notStarted: end.notStarted,
    brokenOff: end.brokenOff,
    durationMs: round(end.elapsedMs),
    callsPerSecond: round(rateOf(measured, end)),
    sent: end.sent,
    received: end.received,
    latencyMs: {
      min: round(measured.minMs),
      mean: round(measured.meanMs),
      max: round(measured.maxMs),
      ...(Object.fromEntries(percentiles) as Record<string, number>),
    },
    histogram: measured.rows().map(({ upToMs, count }) => ({ upToMs: upToMs === Infinity ? null : upToMs, count })),
    codes: Object.fromEntries(measured.codes().map(([code, count]) => [statusName(code), count])),
    errors: measured.errors().map(([message, count]) => ({ message, count })),
  };
  return `${plainJson(json)}\n`;
}

/** For spreadsheets: a row for each call, in the order in which they ended. */
export function* csvOf({ measured }: BenchResult): Iterable<string> {
  yield 'start_ms,latency_ms,status\n';
  let text = '';
  for (const { startMs, latencyMs, code } of measured.calls()) {
    text += `${startMs.toFixed(3)},${latencyMs.toFixed(3)},${statusName(code)}\n`;
    if (text.length < 1 << 16) continue;
    yield text;
    text = '';
  }
  yield text;
}

/** One line of what is running. `total` and `durationMs` are Infinity for no limit. */
export function progressOf(
  measured: Measurements,
  elapsedMs: number,
  recentRate: number,
  total: number,
  durationMs: number,
): string {
  const of = (limit: number): string => (Number.isFinite(limit) ? ` of ${Number(limit.toPrecision(9))}` : '');
  const parts = [
    `${(elapsedMs / 1000).toFixed(1)}${of(durationMs / 1000)} s`,
    `${measured.count}${of(total)} calls`,
    `${Math.round(recentRate)}/s`,
    `p50 ${timeOf(measured.percentileMs(50))}`,
    `p99 ${timeOf(measured.percentileMs(99))}`,
  ];
  if (measured.failed > 0) parts.push(`${measured.failed} failed`);
  return parts.join('  ');
}

function rateOf({ count }: Measurements, { elapsedMs, failedFirst }: LoadEnd): number {
  return elapsedMs === 0 ? 0 : (1000 * (count - failedFirst)) / elapsedMs;
}

function trafficOf({ messages, bytes }: Traffic): string {
  return `${messages} message${messages === 1 ? '' : 's'}, ${bytes} bytes`;
}

function timeOf(ms: number): string {
  if (ms >= 1000) return `${trimmed(ms / 1000)} s`;
  return ms >= 1 ? `${trimmed(ms)} ms` : `${trimmed(ms * 1000)} µs`;
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
