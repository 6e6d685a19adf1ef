// `ttrpc bench` beside the Go load client of the benchmarks, on the same Go servers, in turns: npm run bench:command --
// [--turns N] [--seconds N] [--in-flight a,b] [--rates a,b] [--delay-ms N] [--shared]. After `npm run build`; needs Go.
// Both make calls with a body of 64 bytes; a turn of either takes about --seconds. The server has one half of the cores,
// the clients the other, unless --shared. Three kinds of load:
// - as many calls as the server answers at once, over one connection, and over one for each call in flight
// - the same on a server that waits before it responds, as one that does some work
// - calls planned at a rate, 50 of them in flight at most: latencies count from the plan
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { median } from '../median.js';
import type { Load, RunResult } from '../model.js';
import { buildGo } from '../peers/go-programs.js';
import { driverCommand, serverCommand } from '../peers/peers.js';
import { textTable } from '../report/text-table.js';
import { PeerProcess } from '../runner/peer-process.js';
import { halves, onCores } from './cores.js';

const root = new URL('../../../', import.meta.url);
const COMMAND = fileURLToPath(new URL('dist/bin/ttrpc.cjs', root));
const PROTO = fileURLToPath(new URL('bench/proto/bench.proto', root));
const BODY_BYTES = 64;
/** Of the Go client before its first turn, of the command, which is a new process, in each. */
const WARM_UP_SECONDS = 2;
/** Of planned calls. */
const MOST_IN_FLIGHT = 50;
const run = promisify(execFile);

/** What both clients do. */
interface Task {
  inFlight: number;
  connections: number;
  /** Calls a second of the plan; undefined: a call starts when another one has ended. */
  rate?: number;
}

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
    rates: { type: 'string', default: '1000,5000' },
    'delay-ms': { type: 'string', default: '1' },
    shared: { type: 'boolean', default: false },
  },
});
const turns = positive('turns', values.turns);
const seconds = positive('seconds', values.seconds);
const delayMs = positive('delay-ms', values['delay-ms']);
const concurrencies = values['in-flight'].split(',').map((text) => positive('in-flight', text));
const rates = values.rates.split(',').map((text) => positive('rates', text));

const go = await buildGo();
if (go === undefined) throw new Error('no Go toolchain: there is no "go" in PATH');
const cores = values.shared ? { server: undefined, client: undefined } : await halves();
const where = cores.server === undefined ? 'shared' : `${cores.server} for the server, ${cores.client} for the clients`;
console.log(`Node ${process.versions.node}, ${go}; ${turns} turns of ${seconds} s; cores: ${where}`);

const folder = await mkdtemp(join(tmpdir(), 'bench-command-'));
try {
  const closed = concurrencies.map((inFlight) => ({ inFlight, connections: 1 }));
  const apart = concurrencies
    .filter((inFlight) => inFlight > 1)
    .map((inFlight) => ({ inFlight, connections: inFlight }));
  const planned = rates.map((rate) => ({ inFlight: MOST_IN_FLIGHT, connections: 1, rate }));
  const lines = [
    ...(await onServer('at once', [], [...closed, ...apart, ...planned])),
    ...(await onServer(`after ${delayMs} ms`, ['-delay', `${delayMs}ms`], closed)),
  ];
  const header = ['response', 'in flight', 'over', 'planned', 'rate, command : Go', 'least to most'];
  console.log(`\n${textTable([...header, 'p50 µs', 'Go p50', 'p99 µs', 'Go p99'], lines)}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Lines of the table, each after when the server responds. */
async function onServer(responds: string, flags: string[], tasks: readonly Task[]): Promise<string[][]> {
  const path = join(folder, flags.join('') || 's');
  const server = await PeerProcess.start(
    'server go-ttrpc',
    onCores(cores.server, [...serverCommand('go-ttrpc', path), ...flags]),
  );
  const driver = await PeerProcess.start('driver go-ttrpc', onCores(cores.client, driverCommand('go-ttrpc')));
  try {
    const lines: string[][] = [];
    for (const task of tasks) {
      await driver.command('connect', { path, connections: task.connections });
      lines.push([responds, ...(await compare(path, driver, task))]);
      await driver.command('close', {});
    }
    return lines;
  } finally {
    await driver.stop();
    await server.stop();
  }
}

/** A line of the table: the medians of all turns. */
async function compare(path: string, driver: PeerProcess, task: Task): Promise<string[]> {
  const { perSecond } = await byGo(driver, task, Math.ceil((task.rate ?? 10_000) * WARM_UP_SECONDS));
  const callsIn = (time: number): number => Math.ceil((task.rate ?? perSecond) * time);
  const command: Turn[] = [];
  const reference: Turn[] = [];
  for (let turn = 0; turn < turns; turn++) {
    command.push(await byCommand(path, task, callsIn(seconds), callsIn(WARM_UP_SECONDS)));
    reference.push(await byGo(driver, task, callsIn(seconds)));
  }
  const ratios = command.map((made, turn) => made.perSecond / (reference[turn]?.perSecond ?? Number.NaN));
  const of = (all: readonly Turn[], field: keyof Turn): string => median(all.map((each) => each[field])).toFixed(0);
  return [
    String(task.inFlight),
    String(task.connections),
    task.rate === undefined ? '' : `${task.rate} a second`,
    median(ratios).toFixed(2),
    `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
    of(command, 'p50'),
    of(reference, 'p50'),
    of(command, 'p99'),
    of(reference, 'p99'),
  ];
}

async function byGo(driver: PeerProcess, { inFlight, rate }: Task, calls: number): Promise<Turn> {
  const load: Load = { kind: 'unary', bytes: BODY_BYTES, inFlight, calls, rate };
  const made = (await driver.command('run', load)) as RunResult;
  return { perSecond: (made.calls / made.elapsedUs) * 1e6, p50: made.p50Us, p99: made.p99Us };
}

async function byCommand(
  path: string,
  { inFlight, connections, rate }: Task,
  calls: number,
  skipped: number,
): Promise<Turn> {
  const body = Buffer.alloc(BODY_BYTES, 1).toString('base64');
  const [file = '', ...args] = onCores(cores.client, [
    ...[process.execPath, COMMAND, 'bench', '--format', 'json', '--proto', PROTO],
    ...['-d', JSON.stringify({ value: 1, body })],
    ...['--concurrency', String(inFlight), '--connections', String(connections)],
    ...['--total', String(skipped + calls), '--skip-first', String(skipped)],
    ...(rate ? ['--rps', String(rate)] : []),
    ...[`unix:${path}`, 'bench.v1.Bench/Unary'],
  ]);
  const { stdout } = await run(file, args);
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
