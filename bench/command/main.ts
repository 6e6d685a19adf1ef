// `ttrpc bench` beside the Go load client of the benchmarks, on one Go server, in turns: npm run bench:command --
// [--turns N] [--seconds N] [--in-flight a,b]. After `npm run build`; needs Go. Both make calls with a body of 64 bytes
// over one connection; a turn of either takes about --seconds.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { median } from '../median.js';
import type { RunResult } from '../model.js';
import { buildGo } from '../peers/go-programs.js';
import { driverCommand, serverCommand } from '../peers/peers.js';
import { textTable } from '../report/text-table.js';
import { PeerProcess } from '../runner/peer-process.js';

const root = new URL('../../../', import.meta.url);
const COMMAND = fileURLToPath(new URL('dist/bin/ttrpc.cjs', root));
const PROTO = fileURLToPath(new URL('bench/proto/bench.proto', root));
const BODY_BYTES = 64;
const WARM_UP_CALLS = 20_000;
const run = promisify(execFile);

/** What one turn of a client measured; times in µs. */
interface Turn {
  perSecond: number;
  p50: number;
  p99: number;
}

const { values } = parseArgs({
  options: {
    turns: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    'in-flight': { type: 'string', default: '1,8,50' },
  },
});
const turns = positive('turns', values.turns);
const seconds = positive('seconds', values.seconds);
const concurrencies = values['in-flight'].split(',').map((text) => positive('in-flight', text));

const go = await buildGo();
if (go === undefined) throw new Error('no Go toolchain: there is no "go" in PATH');
console.log(`Node ${process.versions.node}, ${go}; ${turns} turns of ${seconds} s`);

const folder = await mkdtemp(join(tmpdir(), 'bench-command-'));
const path = join(folder, 's');
const server = await PeerProcess.start('server go-ttrpc', serverCommand('go-ttrpc', path));
const driver = await PeerProcess.start('driver go-ttrpc', driverCommand('go-ttrpc'));
try {
  await driver.command('connect', { path, connections: 1 });
  const lines: string[][] = [];
  for (const inFlight of concurrencies) lines.push(await compare(inFlight));
  const header = ['in flight', 'rate, command : Go', 'least to most', 'p50 µs', 'Go p50', 'p99 µs', 'Go p99'];
  console.log(`\n${textTable(header, lines)}`);
} finally {
  await driver.stop();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

/** A line of the table: the medians of all turns. */
async function compare(inFlight: number): Promise<string[]> {
  const warm = await byGo(inFlight, WARM_UP_CALLS);
  const calls = Math.ceil(warm.perSecond * seconds);
  const command: Turn[] = [];
  const reference: Turn[] = [];
  for (let turn = 0; turn < turns; turn++) {
    command.push(await byCommand(inFlight, calls));
    reference.push(await byGo(inFlight, calls));
  }
  const ratios = command.map(({ perSecond }, turn) => perSecond / (reference[turn]?.perSecond ?? Number.NaN));
  const of = (all: readonly Turn[], field: keyof Turn): string => median(all.map((each) => each[field])).toFixed(0);
  return [
    String(inFlight),
    median(ratios).toFixed(2),
    `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
    of(command, 'p50'),
    of(reference, 'p50'),
    of(command, 'p99'),
    of(reference, 'p99'),
  ];
}

async function byGo(inFlight: number, calls: number): Promise<Turn> {
  const load = { kind: 'unary', bytes: BODY_BYTES, inFlight, calls };
  const made = (await driver.command('run', load)) as RunResult;
  return { perSecond: (made.calls / made.elapsedUs) * 1e6, p50: made.p50Us, p99: made.p99Us };
}

async function byCommand(inFlight: number, calls: number): Promise<Turn> {
  const body = Buffer.alloc(BODY_BYTES, 1).toString('base64');
  const { stdout } = await run(process.execPath, [
    ...[COMMAND, 'bench', '--format', 'json', '--proto', PROTO, '-d', JSON.stringify({ value: 1, body })],
    ...['--concurrency', String(inFlight), '--total', String(calls), `unix:${path}`, 'bench.v1.Bench/Unary'],
  ]);
  const made = JSON.parse(stdout) as { callsPerSecond: number; failed: number; latencyMs: Record<string, number> };
  if (made.failed > 0) throw new Error(`ttrpc bench: ${made.failed} of ${calls} calls failed`);
  const micros = (name: string): number => 1000 * (made.latencyMs[name] ?? Number.NaN);
  return { perSecond: made.callsPerSecond, p50: micros('p50'), p99: micros('p99') };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} "${text}": expected a whole number from 1`);
  return value;
}
