import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, mkdirSync, openSync, closeSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  containerdSchema,
  parseStartResponse,
  receiveEvents,
  ShimClient,
  type DeleteResponse,
} from 'nestjs-ttrpc/containerd';
import { memoryOf } from './private-memory.js';
import type { Figures, Subject } from './subject.js';

const SETTLE_MS = 500;
const TOPICS = ['/tasks/create', '/tasks/start', '/tasks/exit', '/tasks/delete'];

/** One life of a container under a shim: `start`, create, start, kill, wait, delete, shutdown, then `delete`. */
export async function measureShim(subject: Subject, folder: string): Promise<Figures> {
  const bundle = join(folder, 'c1');
  mkdirSync(bundle);
  writeFileSync(join(bundle, 'config.json'), '{"ociVersion":"1.0.2","process":{"args":["/bin/sleep","1000"],"cwd":"/"}}');
  // A shim ends when nobody reads its log.
  execFileSync('mkfifo', [join(bundle, 'log')]);
  const log = openSync(join(bundle, 'log'), constants.O_RDWR);
  const events = await receiveEvents(`unix://${join(folder, 'events.sock')}`);
  try {
    const from = performance.now();
    const output = await run(subject, bundle, ['start'], paramsOf(folder));
    const start = performance.now() - from;
    const life = subject.isBare ? await bareLife(output, from) : await containerLife(subject, bundle, output, from);
    if (!subject.isBare) {
      const topics: string[] = [];
      for await (const { topic } of events) if (topics.push(topic) === TOPICS.length) break;
      if (topics.join() !== TOPICS.join()) throw new Error(`${subject.name} has sent ${topics.join(', ')}`);
    }
    const before = performance.now();
    const deleted = await run(subject, bundle, ['-bundle', bundle, 'delete']);
    const deletion = performance.now() - before;
    if (!subject.isBare) {
      const codec = containerdSchema().findType('containerd.task.v3.DeleteResponse');
      const { exitStatus } = codec?.decode(deleted) as DeleteResponse;
      if (exitStatus !== 137) throw new Error(`${subject.name}: delete gives the status ${exitStatus}, expected 137`);
    }
    return { start, ...life, delete: deletion };
  } finally {
    await events.close();
    closeSync(log);
    rmSync(bundle, { recursive: true });
  }
}

async function containerLife(subject: Subject, bundle: string, output: Buffer, from: number): Promise<Figures> {
  const shim = await ShimClient.connect(parseStartResponse(output));
  const { task } = shim;
  const id = 'c1';
  try {
    await task.create({ id, bundle });
    const first = performance.now() - from;
    await task.start({ id });
    const { shimPid } = await task.connect({ id });
    await sleep(SETTLE_MS);
    const { private: used, resident } = memoryOf(shimPid);
    await task.kill({ id, signal: 9, all: true });
    const { exitStatus } = await task.wait({ id });
    if (exitStatus !== 137) throw new Error(`${subject.name}: the container ended with ${exitStatus}, expected 137`);
    await task.delete({ id });
    await task.shutdown({ id }).catch(() => undefined);
    while (isAlive(shimPid)) await sleep(10);
    return { first, used, resident };
  } finally {
    await shim.close();
  }
}

async function bareLife(output: Buffer, from: number): Promise<Figures> {
  const socket = createConnection(output.toString().replace('unix://', ''));
  socket.write('pid');
  const [pid] = (await once(socket, 'data')) as [Buffer];
  const first = performance.now() - from;
  await sleep(SETTLE_MS);
  const { private: used, resident } = memoryOf(Number(pid));
  process.kill(Number(pid), 'SIGKILL');
  socket.destroy();
  return { first, used, resident };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function paramsOf(folder: string): Uint8Array {
  const codec = containerdSchema().findType('containerd.runtime.bootstrap.v1.BootstrapParams');
  const params = {
    instanceId: 'c1',
    namespace: 'bench',
    containerdTtrpcAddress: `unix://${join(folder, 'events.sock')}`,
    containerdGrpcAddress: join(folder, 'containerd.sock'),
    containerdBinary: 'containerd',
    socketDir: join(folder, 's'),
  };
  return codec?.encode(params) as Uint8Array;
}

/** Runs the shim's program as containerd 2.4 does. */
async function run(
  { command, name }: Subject,
  bundle: string,
  args: string[],
  input: Uint8Array = new Uint8Array(),
): Promise<Buffer> {
  const [program, ...first] = command as [string, ...string[]];
  const flags = ['-namespace', 'bench', '-address', join(bundle, '../containerd.sock'), '-publish-binary', 'containerd'];
  const child = spawn(program, [...first, ...flags, '-id', 'c1', ...args], {
    cwd: bundle,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, TTRPC_ADDRESS: join(bundle, '../events.sock'), MAX_SHIM_VERSION: '2' },
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const output: Buffer[] = [];
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`${name} ${args.at(-1)}: status ${status}: ${said}`);
  return Buffer.concat(output);
}
