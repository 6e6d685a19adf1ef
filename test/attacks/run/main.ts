// `npm run attack [-- part of a name]`: each attack against a server with the default limits, in processes of their own;
// what it was refused, the memory that it took, and how another client was served meanwhile.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect, type RawClient } from '../../../src/protocol/index.js';
import { ATTACKS, type Attack } from './attacks.js';
import type { Figures } from './figures.js';

const MIB = 1024 * 1024;
const REGISTER = new URL('../../../scripts/typescript/register.mjs', import.meta.url).href;
/** An attack that is not over by then has failed. */
const ATTACK_MS = 60_000;
/** How long the server may take to begin and to reply, in ms: the machine may be busy. */
const REPLY_MS = 60_000;
/** What is left of an attack so long after it, in ms, is left for good: its connections may still wait to be accepted. */
const LEFT_MS = 5000;
/** So many calls of the other client are timed before the attack. */
const CALLS_BEFORE = 1000;

const COLUMNS = [
  'attack',
  'limit',
  'what the attacker did',
  'refused',
  'log lines',
  'memory held for it / resident when idle / at most, MiB',
  'another client: calls meanwhile',
  'its latency before: median / 99 % / most, ms',
  'meanwhile',
];

interface Row {
  attack: string;
  limit: string;
  attacker: string;
  refused: string;
  logLines: number;
  idleMiB: number;
  peakMiB: number;
  heldMiB: number;
  calls: number;
  before: string;
  meanwhile: string;
  problems: string[];
}

const wanted = process.argv.slice(2).join(' ');
const chosen = ATTACKS.filter(({ name }) => name.includes(wanted));
if (chosen.length === 0) throw new Error(`no attack has ${JSON.stringify(wanted)} in its name`);
const rows: Row[] = [];
const problemsOfEnd: string[] = [];
for (const attack of chosen) {
  const row = await run(attack);
  rows.push(row);
  console.log(line(row));
  for (const problem of row.problems) console.log(`  FAILED: ${problem}`);
}
console.log(`\n${table(rows)}`);
const failed = rows.filter(({ problems }) => problems.length > 0).length;
console.log(`\n${rows.length - failed} of ${rows.length} attacks came to nothing`);
for (const problem of problemsOfEnd) console.log(`FAILED: ${problem}`);
process.exitCode = failed === 0 && problemsOfEnd.length === 0 ? 0 : 1;

async function run(attack: Attack): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'ttrpc-attack-'));
  const path = join(folder, 's.sock');
  const server = start('target.ts', [attack.name, `unix://${path}`], ['--expose-gc', ...(attack.node ?? [])]);
  let attacker: ChildProcess | undefined;
  try {
    await message(server, REPLY_MS);
    const client = await connect(`unix://${path}`);
    const before = await time(client, CALLS_BEFORE);
    const idle = await figures(server, 'collect');
    resetPeak(server);
    attacker = start('attacker.ts', [attack.name, path]);
    let over = false;
    const said = message(attacker, ATTACK_MS).finally(() => (over = true));
    const meanwhile = await time(client, Infinity, () => over);
    // What the attacker has sent is on its way.
    meanwhile.push(...(await time(client, 50)));
    await sleep(300);
    const peak = peakOf(server);
    const held = await figures(server, 'collect');
    attacker.disconnect();
    await gone(attacker);
    const after = await figuresAfter(server, path);
    client.close();
    const problems: string[] = [];
    const took = (memoryOf(held) - memoryOf(idle)) / MIB;
    if (took > attack.atMostMiB)
      problems.push(`it made the server hold ${took.toFixed()} MiB; at most ${attack.atMostMiB} were to be had`);
    const { refused } = attack;
    if (refused && held.stats.refused[refused.by] < refused.atLeast) {
      problems.push(
        `refused by ${refused.by}: ${held.stats.refused[refused.by]}; at least ${refused.atLeast} were expected`,
      );
    }
    if (refused && held.logLines === 0) problems.push('the log says nothing of it');
    if (held.logLines > 100) problems.push(`the log has ${held.logLines} lines`);
    if (after.stats.bufferedBytes !== 0)
      problems.push(`${after.stats.bufferedBytes} bytes are still counted afterwards`);
    if (after.stats.connections !== 1) problems.push(`${after.stats.connections - 1} connections are left afterwards`);
    return {
      attack: attack.name,
      limit: attack.limit ?? 'none',
      attacker: await said,
      refused: shown(held),
      logLines: held.logLines,
      idleMiB: idle.rss / MIB,
      peakMiB: peak / MIB,
      heldMiB: took,
      calls: meanwhile.length,
      before: latencies(before),
      meanwhile: latencies(meanwhile),
      problems,
    };
  } finally {
    attacker?.kill('SIGKILL');
    if (server.connected) server.disconnect();
    const code = await gone(server);
    rmSync(folder, { recursive: true, force: true });
    if (code !== 0) problemsOfEnd.push(`${attack.name}: the server ended with ${code}`);
  }
}

function start(file: string, args: string[], more: string[] = []): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: [...more, '--import', REGISTER] });
}

/** The next message of a process; rejects when it ends without one, or after `ms`. */
async function message(child: ChildProcess, ms: number): Promise<string> {
  const abort = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', { signal: abort.signal }).then(([text]) => text as string),
      once(child, 'exit', { signal: abort.signal }).then(([code]) =>
        Promise.reject(new Error(`it ended with ${code}`)),
      ),
      sleep(ms, undefined, { signal: abort.signal }).then(() => Promise.reject(new Error(`not done after ${ms} ms`))),
    ]);
  } finally {
    abort.abort();
  }
}

async function figures(server: ChildProcess, wanted: 'collect'): Promise<Figures> {
  const answer = message(server, REPLY_MS);
  server.send(wanted);
  return (await answer) as unknown as Figures;
}

/** The figures once nothing of the attack is left, or of what is left of it after {@link LEFT_MS}. */
async function figuresAfter(server: ChildProcess, path: string): Promise<Figures> {
  const until = performance.now() + LEFT_MS;
  for (;;) {
    await touch(path);
    const after = await figures(server, 'collect');
    if ((after.stats.connections === 1 && after.stats.bufferedBytes === 0) || performance.now() > until) return after;
    await sleep(20);
  }
}

/**
 * Connects and leaves. After a storm of connections libuv may leave some of them in the kernel's queue until the next one
 * comes (a bare `net` server does so, too); they count as open only from then on, and end at once.
 */
async function touch(path: string): Promise<void> {
  const socket = createConnection(path);
  await once(socket, 'connect');
  socket.destroy();
  await once(socket, 'close');
}

async function gone(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? child.signalCode;
}

/** How long each of `count` calls took that follow one another, in ms. */
async function time(client: RawClient, count: number, until: () => boolean = () => false): Promise<number[]> {
  const times: number[] = [];
  const request = Buffer.from([10, 2, 104, 105]);
  while (times.length < count && !until()) {
    const from = performance.now();
    await client.call('attack.v1.Target', 'Echo', request);
    times.push(performance.now() - from);
  }
  return times;
}

function latencies(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? NaN).toFixed(2);
  return `${at(0.5)} / ${at(0.99)} / ${at(1)}`;
}

/** What is in use, in bytes: without garbage, and without what the allocator keeps for later. */
function memoryOf({ heapUsed, external }: Figures): number {
  return heapUsed + external;
}

function resetPeak({ pid }: ChildProcess): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** The most memory that the process has had since {@link resetPeak}, in bytes. */
function peakOf({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

function shown({ stats }: Figures): string {
  const counted = Object.entries(stats.refused).filter(([, count]) => count > 0);
  return counted.map(([reason, count]) => `${reason} ${count}`).join(', ') || 'nothing';
}

function cells(row: Row): string[] {
  const memory = [row.heldMiB, row.idleMiB, row.peakMiB].map((value) => value.toFixed()).join(' / ');
  return [
    row.attack,
    row.limit,
    row.attacker,
    row.refused,
    String(row.logLines),
    memory,
    String(row.calls),
    row.before,
    row.meanwhile,
  ];
}

function line(row: Row): string {
  return cells(row).join(' · ');
}

function table(all: readonly Row[]): string {
  return [COLUMNS, COLUMNS.map(() => '---'), ...all.map(cells)].map((each) => `| ${each.join(' | ')} |`).join('\n');
}
