import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  containerdSchema,
  parseStartResponse,
  receiveEvents,
  ShimClient,
  type DeleteResponse,
  type EventReceiver,
} from 'nestjs-ttrpc/containerd';
import type { Running, Subject } from './subject.js';

/** The status after SIGKILL. */
const KILLED = 137;
const CONFIG = '{"ociVersion":"1.0.2","process":{"args":["/bin/sleep","1000"],"cwd":"/"}}';
const TOPICS = ['/tasks/create', '/tasks/start', '/tasks/exit', '/tasks/delete'];

/** The life of a container under a shim: `start`, create, start; and at the end kill, wait, delete, shutdown, and `delete`. */
export async function startShim(subject: Subject, folder: string): Promise<Running> {
  const bundle = join(folder, 'c1');
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, 'config.json'), CONFIG);
  // A shim ends when nobody reads its log.
  execFileSync('mkfifo', [join(bundle, 'log')]);
  const log = openSync(join(bundle, 'log'), constants.O_RDWR);
  const events = await receiveEvents(`unix://${join(folder, 'events.sock')}`);
  const from = performance.now();
  const output = await run(subject, bundle, ['start'], paramsOf(folder));
  const start = performance.now() - from;
  const life = subject.isBare ? await bareLife(output) : await containerLife(subject, bundle, output);
  const first = performance.now() - from - life.afterFirst;
  return {
    figures: { start, first },
    pid: life.pid,
    async end() {
      await life.end();
      if (!subject.isBare) await checkEvents(subject, events);
      const before = performance.now();
      const deleted = await run(subject, bundle, ['-bundle', bundle, 'delete']);
      const deletion = performance.now() - before;
      if (!subject.isBare) checkStatus(subject, deleted);
      await events.close();
      closeSync(log);
      return { delete: deletion };
    },
  };
}

async function checkEvents({ name }: Subject, events: EventReceiver): Promise<void> {
  const topics: string[] = [];
  for await (const { topic } of events) if (topics.push(topic) === TOPICS.length) break;
  if (topics.join() !== TOPICS.join()) throw new Error(`${name} has sent ${topics.join(', ')}`);
}

function checkStatus({ name }: Subject, deleted: Uint8Array): void {
  const codec = containerdSchema().findType('containerd.task.v3.DeleteResponse');
  const { exitStatus } = codec?.decode(deleted) as DeleteResponse;
  if (exitStatus !== KILLED) throw new Error(`${name}: delete gives the status ${exitStatus}, expected ${KILLED}`);
}

/** What runs after `start`. */
interface Life {
  readonly pid: number;
  /** Time since the first response, in ms. */
  readonly afterFirst: number;
  end(): Promise<void>;
}

async function containerLife({ name }: Subject, bundle: string, output: Buffer): Promise<Life> {
  const shim = await ShimClient.connect(parseStartResponse(output));
  const { task } = shim;
  const id = 'c1';
  await task.create({ id, bundle });
  const at = performance.now();
  await task.start({ id });
  const { shimPid: pid } = await task.connect({ id });
  return {
    pid,
    afterFirst: performance.now() - at,
    async end() {
      await task.kill({ id, signal: 9, all: true });
      const { exitStatus } = await task.wait({ id });
      if (exitStatus !== KILLED) throw new Error(`${name}: the container ended with ${exitStatus}, expected ${KILLED}`);
      await task.delete({ id });
      await task.shutdown({ id }).catch(() => undefined);
      while (isAlive(pid)) await sleep(10);
      await shim.close();
    },
  };
}

async function bareLife(output: Buffer): Promise<Life> {
  const socket = createConnection(output.toString().replace('unix://', ''));
  socket.write('pid');
  const [text] = (await once(socket, 'data')) as [Buffer];
  const at = performance.now();
  const pid = Number(text);
  return {
    pid,
    afterFirst: performance.now() - at,
    async end() {
      process.kill(pid, 'SIGKILL');
      socket.destroy();
      while (isAlive(pid)) await sleep(10);
    },
  };
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
  const flags = [
    '-namespace',
    'bench',
    '-address',
    join(bundle, '../containerd.sock'),
    '-publish-binary',
    'containerd',
  ];
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
