import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, existsSync, openSync, readSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { serve, type RawServer } from '../../src/protocol/server/serve.js';
import { TtrpcError } from '../../src/protocol/core/errors.js';
import { builtCommand } from '../support/built-command.js';
import { runProgram } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { serveReflecting } from './reflecting-server.js';

jest.setTimeout(120_000);

const METHOD = 'demo.v1.Greeter/SayHello';
/** What a shell gives for a command that SIGPIPE has ended. */
const SIGPIPE_STATUS = 141;

const folder = new TempFolder();
const url = folder.url();
const sick = folder.url('sick.sock');
const servers: RawServer[] = [];

beforeAll(async () => {
  await builtCommand();
  servers.push(await serveReflecting(url));
  // NOT_SERVING
  servers.push(await serve(sick, { 'grpc.health.v1.Health': { Check: () => Uint8Array.of(8, 2) } }));
}, 120_000);
afterAll(async () => {
  for (const server of servers) await server.close();
  folder.remove();
});

/** Runs the command with one of its outputs elsewhere: a file, or `gone` for a pipe whose reader has gone. */
async function run(
  args: readonly string[],
  { stdout = 'pipe', stderr = 'pipe' }: { stdout?: string; stderr?: string },
): Promise<{ status: number | null; text: string }> {
  const files = [stdout, stderr].map((name) => (name.startsWith('/') ? openSync(name, 'w') : undefined));
  const child = spawn(process.execPath, [await builtCommand(), ...args], {
    stdio: ['ignore', files[0] ?? 'pipe', files[1] ?? 'pipe'],
  });
  for (const file of files) if (file !== undefined) closeSync(file);
  let text = '';
  if (stdout === 'gone') child.stdout?.destroy();
  if (stderr === 'gone') child.stderr?.destroy();
  else child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, text };
}

describe.each([
  ['list', ['list', url]],
  ['call', ['call', '-d', '{"firstName":"Ada"}', url, METHOD]],
  ['bench', ['bench', '--total', '20', '-d', '{"firstName":"Ada"}', url, METHOD]],
  ['health', ['health', sick]],
])('the output of %s', (_name, args) => {
  test('that cannot be written is an error', async () => {
    expect(await run(args, { stdout: '/dev/full' })).toEqual({
      status: 1,
      text: expect.stringMatching(/^ttrpc: the output cannot be written: ENOSPC[^\n]*\n$/) as unknown,
    });
  });

  test('that nobody reads ends it as SIGPIPE does others', async () => {
    expect(await run(args, { stdout: 'gone' })).toEqual({ status: SIGPIPE_STATUS, text: '' });
  });
});

test('what a server says forges no line and controls no terminal', async () => {
  const url = folder.url('loud.sock');
  const say = (): never => {
    throw new TtrpcError(13, 'boom\u001b[2J\nttrpc: all is well');
  };
  const reflection = { ServerReflectionInfo: { shape: 'bidi' as const, handle: say } };
  const loud = await serve(url, {
    'grpc.reflection.v1.ServerReflection': reflection,
    'grpc.health.v1.Health': { Check: say },
  });
  try {
    expect(await run(['list', url], {})).toEqual({
      status: 1,
      text: "ttrpc: the server's reflection failed: INTERNAL: boom\\u001b[2J\\nttrpc: all is well\n",
    });
    expect(await run(['health', url], {})).toEqual({
      status: 64 + 13,
      text: 'ERROR:\n  Code: INTERNAL\n  Message: boom\\u001b[2J\n    ttrpc: all is well\n',
    });
  } finally {
    await loud.close();
  }
});

test.each(['/dev/full', 'gone'])('errors that cannot be written (%s) change no status', async (stderr) => {
  expect(await run(['call', url, METHOD], { stderr })).toMatchObject({ status: 64 + 3 });
});

test('a tap whose output cannot be written ends well', async () => {
  const path = folder.file('tap.sock');
  const ended = run(['tap', `unix:${path}`, url], { stdout: '/dev/full' });
  // The tap is there once a call comes through; its first line ends it.
  let over = false;
  void ended.then(() => (over = true));
  while (!over) await run(['list', '--connect-timeout', '5', `unix:${path}`], {});
  expect(await ended).toMatchObject({
    status: 1,
    text: expect.stringContaining('cannot be written: ENOSPC') as unknown,
  });
  expect(existsSync(path)).toBe(false);
});

test('output that is read slowly is not given up after Ctrl-C', async () => {
  let onCall: () => void = () => undefined;
  const called = new Promise<void>((resolve) => (onCall = resolve));
  let count = 0;
  const many = await serve(folder.url('many.sock'), {
    'grpc.health.v1.Health': { Check: () => (++count === 10_000 && onCall(), new Uint8Array()) },
  });
  const proto = folder.file('health.proto');
  writeFileSync(
    proto,
    'syntax = "proto3"; package grpc.health.v1; message M {} service Health { rpc Check (M) returns (M); }',
  );
  // A pipe holds 64 KiB, about a fourth of the rows.
  const path = folder.file('rows.fifo');
  execFileSync('mkfifo', [path]);
  const pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const end = openSync(path, 'w');
  const args = ['bench', '--duration', '600', '--format', 'csv', '--proto', proto, folder.url('many.sock')];
  const child = spawn(process.execPath, [await builtCommand(), ...args, 'grpc.health.v1.Health/Check'], {
    stdio: ['ignore', end, 'pipe'],
  });
  closeSync(end);
  try {
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
    await called;
    child.kill('SIGINT');
    let rows = '';
    for (let isOver = false; !isOver;) {
      isOver = child.exitCode !== null || child.signalCode !== null;
      // The last time, all that is left.
      for (let takes = isOver ? Infinity : 2; takes > 0; takes--) {
        const taken = taken4KiB(pipe);
        if (taken === '') break;
        rows += taken;
      }
      await sleep(isOver ? 0 : 100);
    }
    expect({ errors, status: child.exitCode }).toEqual({ errors: 'ttrpc: broken off: interrupted\n', status: 2 });
    expect(rows.split('\n').length).toBeGreaterThan(9_900);
  } finally {
    child.kill('SIGKILL');
    closeSync(pipe);
    await many.close();
  }
});

/** What a pipe has, up to 4 KiB; empty when that is nothing for now. */
function taken4KiB(pipe: number): string {
  const into = Buffer.alloc(4096);
  try {
    return into.toString('latin1', 0, readSync(pipe, into));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    return '';
  }
}

const onTerminal = spawnSync('script', ['--version']).error === undefined ? test : test.skip;

/** Runs the command, and what is behind `after`, as a user does at a terminal; gives all that this shows. */
async function shown(args: readonly string[], env: Record<string, string>, after = ''): Promise<string> {
  const words = [process.execPath, await builtCommand(), ...args];
  const quiet = { NO_COLOR: undefined, FORCE_COLOR: undefined, TERM: 'xterm' };
  const { stdout } = await runProgram('script', ['-qec', `${words.join(' ')}${after}`, '/dev/null'], {
    env: { ...process.env, ...quiet, ...env },
  });
  return stdout;
}

onTerminal('errors are in colour on a terminal, also when the results go elsewhere', async () => {
  expect(await shown(['call', url, METHOD], {}, ' | cat')).toContain('\u001b[31mERROR:');
  for (const [name, value] of [
    ['NO_COLOR', '1'],
    ['TERM', 'dumb'],
    ['FORCE_COLOR', '0'],
  ] as const) {
    const text = await shown(['call', url, METHOD], { [name]: value }, ' | cat');
    expect(text).toContain('ERROR:');
    expect(text).not.toContain('\u001b[');
  }
});

onTerminal('bench shows how far it is, where a terminal can', async () => {
  const args = ['bench', '--rps', '10', '--duration', '1.2', url, METHOD];
  expect(await shown(args, {})).toContain(' of 1.2 s  ');
  const dumb = await shown(args, { TERM: 'dumb' });
  expect(dumb.startsWith('Summary')).toBe(true);
  expect(dumb).not.toContain('\u001b');
});
