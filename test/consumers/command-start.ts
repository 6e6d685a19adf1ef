// How long the installed `ttrpc` takes to start, in multiples of what Node takes for an empty file, on each version of
// Node. For a machine that does nothing else: beside other programs these multiples grow.
import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { greeterSet, serveReflecting } from '../cli/reflecting-server.js';
import { runProgram } from '../support/program.js';

/** What is promised of a start and, with Node 20, of whole runs. */
const LIMIT = 1.5;
/** Of whole runs with later versions: Node itself starts in less than half the time, and the runs take as many ms. */
const LATER_WHOLE_LIMIT = 2.4;
const ROUNDS = 15;
/** Something of the machine itself may disturb a round. */
const MAX_ROUNDS = 60;
const GREETER = fileURLToPath(new URL('../../sample/greeter/greeter.proto', import.meta.url));
const METHOD = 'demo.v1.Greeter/SayHello';
const NOTHING_KEPT = { NODE_DISABLE_COMPILE_CACHE: '1' };

/** One thing that is timed. */
interface Timed {
  /** Resolves with ms. */
  readonly time: () => Promise<number>;
  readonly limit: number;
}

/** What a check needs of around. */
export interface StartCheck {
  /** The program of Node, and its major version. */
  readonly node: { readonly path: string; readonly major: number };
  /** The file that npm links as `ttrpc`. */
  readonly command: string;
  /** For sockets and files of this check alone. */
  readonly folder: string;
}

/** Resolves with a line for each thing that was timed. @throws AssertionError with them when something is beyond its limit */
export async function checkStarts({ node, command, folder }: StartCheck): Promise<string> {
  const server = await serveReflecting(`unix://${join(folder, 'start.sock')}`);
  const listener = createServer();
  listener.listen(join(folder, 'dial.sock'));
  await once(listener, 'listening');
  try {
    const files = { empty: join(folder, 'empty.cjs'), set: join(folder, 'start.binpb') };
    writeFileSync(files.empty, '');
    writeFileSync(files.set, greeterSet());
    const wholeLimit = node.major > 20 ? LATER_WHOLE_LIMIT : LIMIT;
    const call = ['-d', '{"firstName":"Ada"}', `unix://${join(folder, 'start.sock')}`, METHOD];
    const whole = (limit: number, ...args: string[]): Timed => ({
      limit,
      time: () => timeOf(node.path, [command, ...args]),
    });
    const dial = (env: Record<string, string>): Timed => ({
      limit: LIMIT,
      time: () => timeToDial(node.path, command, listener, env),
    });
    const timed: Record<string, Timed> = {
      help: whole(LIMIT, '--help'),
      'until the call reaches the server': dial({}),
      'the same with nothing kept': dial(NOTHING_KEPT),
      'list of a file': whole(wholeLimit, 'list', GREETER),
      'call with a FileDescriptorSet': whole(wholeLimit, 'call', '--protoset', files.set, ...call),
      'call with reflection': whole(wholeLimit, 'call', ...call),
    };
    return await measure(() => timeOf(node.path, [files.empty]), timed);
  } finally {
    listener.close();
    await server.close();
  }
}

async function measure(empty: () => Promise<number>, timed: Record<string, Timed>): Promise<string> {
  const rows = Object.entries(timed).map(([name, { time, limit }]) => ({ name, time, limit, times: [] as number[] }));
  const emptyTimes: number[] = [];
  const ratio = (row: (typeof rows)[number]): number => ratioOf(row.times, emptyTimes);
  const beyond = (): string[] => rows.filter((row) => ratio(row) >= row.limit).map(({ name }) => name);
  // The first run of each keeps what V8 has compiled.
  for (const { time } of rows) await time();
  let rounds = 0;
  do {
    for (const until = rounds + ROUNDS; rounds < until; rounds++) {
      emptyTimes.push(await empty());
      for (const { time, times } of rows) times.push(await time());
    }
  } while (rounds < MAX_ROUNDS && beyond().length > 0);
  const lines = rows.map((row) => `${ratio(row).toFixed(2)}, less than ${row.limit}: ${row.name}`);
  const found = [...lines, `${rounds} rounds, an empty file took ${median(emptyTimes).toFixed(1)} ms`].join('\n');
  assert.deepEqual(beyond(), [], found);
  return found;
}

/** How long a program of Node runs, in ms. */
async function timeOf(node: string, args: readonly string[]): Promise<number> {
  const start = performance.now();
  const { status, stderr } = await runProgram(node, args);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  return performance.now() - start;
}

/** How long it takes until a call has connected, in ms. */
async function timeToDial(
  node: string,
  command: string,
  listener: ReturnType<typeof createServer>,
  env: Record<string, string>,
): Promise<number> {
  const dialled = once(listener, 'connection') as Promise<[Socket]>;
  const start = performance.now();
  const ended = runProgram(node, [command, 'call', `unix://${String(listener.address())}`, METHOD], { env });
  const [socket] = await Promise.race([dialled, ended.then((end) => Promise.reject(new Error(end.stderr)))]);
  const time = performance.now() - start;
  socket.destroy();
  await ended;
  return time;
}

/** Of two rows of times, by whichever of the two the rest of the machine has disturbed less. */
function ratioOf(times: readonly number[], node: readonly number[]): number {
  return Math.min(median(times) / median(node), Math.min(...times) / Math.min(...node));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}
