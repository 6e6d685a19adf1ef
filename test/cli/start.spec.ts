import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { RawServer } from '../../src/protocol/server/serve.js';
import { builtCommand } from '../support/built-command.js';
import { runProgram, type ProgramEnd } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { greeterSet, serveReflecting } from './reflecting-server.js';

jest.setTimeout(180_000);

const ROUNDS = 15;
/** A busy machine needs more of them until one of each was undisturbed. */
const MAX_ROUNDS = 60;
/** What is promised; where other programs run at the same time, as other tests do, their noise is in each figure. */
const [QUIET_LIMIT, BUSY_LIMIT] = [1.5, 1.8];
const GREETER = fileURLToPath(new URL('../../sample/greeter/greeter.proto', import.meta.url));

const folder = new TempFolder();
const empty = folder.file('empty.cjs');
/** A copy, whose cache is the tests' own. */
const command = folder.file('ttrpc.cjs');
const cache = folder.file('ttrpc/cache');
const method = 'demo.v1.Greeter/SayHello';
const data = ['-d', '{"firstName":"Ada"}'];
let server: RawServer;

beforeAll(async () => {
  writeFileSync(empty, '');
  writeFileSync(folder.file('greeter.binpb'), greeterSet());
  const built = dirname(await builtCommand());
  cpSync(join(built, 'ttrpc.cjs'), command);
  for (const name of readdirSync(join(built, 'ttrpc')).filter((each) => each.endsWith('.cjs'))) {
    cpSync(join(built, 'ttrpc', name), folder.file(`ttrpc/${name}`), { recursive: true });
  }
  server = await serveReflecting(folder.url());
}, 120_000);
afterAll(async () => {
  await server.close();
  folder.remove();
});

const call = (env: Record<string, string> = {}): Promise<ProgramEnd> =>
  runProgram(process.execPath, [command, 'call', ...data, folder.url(), method], { env });

/** How long a program of Node runs, in ms. */
async function timeOf(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const end = await runProgram(process.execPath, args);
  expect(end).toMatchObject({ status: 0, stderr: '' });
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}

test("the command starts in less than 1.5 times Node's own start, on a busy machine in less than 1.8 times", async () => {
  const limit = (loadavg()[0] ?? 0) < 1 ? QUIET_LIMIT : BUSY_LIMIT;
  const runs = {
    node: [empty],
    list: [command, 'list', GREETER],
    'call with a FileDescriptorSet': [
      command,
      'call',
      '--protoset',
      folder.file('greeter.binpb'),
      ...data,
      folder.url(),
      method,
    ],
    'call with reflection': [command, 'call', ...data, folder.url(), method],
  };
  const times = new Map(Object.keys(runs).map((name) => [name, [] as number[]]));
  const measure = async (): Promise<void> => {
    for (const [name, args] of Object.entries(runs)) times.get(name)?.push(await timeOf(args));
  };
  const ratios = (): Record<string, number> => {
    const node = times.get('node') ?? [];
    // Whichever of the two the other programs of the machine have disturbed less.
    const ratio = (each: readonly number[]): number =>
      Math.min(median(each) / median(node), Math.min(...each) / Math.min(...node));
    return Object.fromEntries([...times].map(([name, each]) => [name, ratio(each)]));
  };
  // The first run of each keeps what V8 has compiled.
  await measure();
  for (const each of times.values()) each.pop();
  let rounds = 0;
  do {
    for (const until = rounds + ROUNDS; rounds < until; rounds++) await measure();
  } while (rounds < MAX_ROUNDS && Object.values(ratios()).some((ratio) => ratio >= limit));
  const slow = Object.entries(ratios()).filter(([, ratio]) => ratio >= limit);
  expect(slow).toEqual([]);
});

describe('compiled code is kept', () => {
  const hello = { status: 0, stdout: '{"message":"Hello Ada"}\n', stderr: '' };
  const kept = (): string[] => (existsSync(cache) ? readdirSync(cache) : []);

  test('for each command, when the run went well', async () => {
    rmSync(cache, { recursive: true, force: true });
    expect((await runProgram(process.execPath, [command, 'call', folder.url(), 'demo.v1.Greeter/None'])).status).toBe(
      1,
    );
    expect(kept()).toEqual([]);
    expect(await call()).toMatchObject(hello);
    expect(kept()).toEqual([`call-server-${process.version}-${process.arch}`]);
    expect(await call()).toMatchObject(hello);
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['cut short', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['empty', () => Buffer.alloc(0)],
    ['of another build', (bytes) => Buffer.concat([Buffer.alloc(16, 'x'), bytes.subarray(16)])],
    ['not of V8', (bytes) => Buffer.concat([bytes.subarray(0, 1024), Buffer.alloc(bytes.length - 1024, 7)])],
  ])('a cache that is %s is made anew', async (_what, broken) => {
    expect(await call()).toMatchObject(hello);
    const file = join(cache, kept()[0] as string);
    const good = readFileSync(file);
    const bad = broken(good);
    writeFileSync(file, bad);
    expect(await call()).toMatchObject(hello);
    expect(readFileSync(file).equals(bad)).toBe(false);
    expect(await call()).toMatchObject(hello);
  });

  test('not with NODE_DISABLE_COMPILE_CACHE, nor where nothing can be written', async () => {
    rmSync(cache, { recursive: true, force: true });
    expect(await call({ NODE_DISABLE_COMPILE_CACHE: '1' })).toMatchObject(hello);
    expect(kept()).toEqual([]);
    // In the place of the folder, since root may write everywhere.
    writeFileSync(cache, '');
    chmodSync(cache, 0o444);
    expect(await call()).toMatchObject(hello);
    expect(readFileSync(cache, 'utf8')).toBe('');
  });
});
