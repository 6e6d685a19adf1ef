import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createConnection, createServer } from 'node:net';
import { serve, type RawServer } from '../../src/protocol/server/serve.js';
import { builtCommand, ttrpc } from '../support/built-command.js';
import { runProgram } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { serveReflecting } from './reflecting-server.js';

jest.setTimeout(120_000);

const folder = new TempFolder();
const url = folder.url();
let server: RawServer;

beforeAll(async () => {
  symlinkSync(await builtCommand(), folder.file('ttrpc'));
  server = await serveReflecting(url);
}, 120_000);
afterAll(async () => {
  await server.close();
  folder.remove();
});

/** What bash offers behind `line`, with the script loaded as a user loads it. */
async function offered(line: string): Promise<string[]> {
  const script = [
    'source <(ttrpc completion bash)',
    'COMP_LINE="$1" COMP_POINT=${#1}',
    '_ttrpc',
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join('\n');
  const env = { PATH: [folder.path, process.env['PATH']].join(delimiter) };
  const { stdout, stderr } = await runProgram('bash', ['-c', script, 'bash', line], { env });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

test('bash completes commands, flags, and the services and methods of a live server', async () => {
  expect(await offered('ttrpc des')).toEqual(['describe']);
  expect(await offered('ttrpc call --max')).toEqual(['--max-time']);
  expect(await offered('ttrpc bench --format ')).toEqual(['summary', 'json', 'csv']);
  expect(await offered(`ttrpc call -d {} ${url} demo`)).toEqual(['demo.v1.Greeter/']);
  expect(await offered(`ttrpc call ${url} demo.v1.Greeter/S`)).toEqual(['demo.v1.Greeter/SayHello']);
  // bash replaces what stands behind the colon.
  expect(await offered(`ttrpc call unix:${folder.file('s.so')}`)).toEqual([folder.file('s.sock')]);
});

/** What `__complete` offers for the last of `words`. */
async function candidates(...words: string[]): Promise<string[]> {
  const { stdout, stderr, status } = await ttrpc(['__complete', ...words]);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.split('\n').slice(0, -1);
}

test('whatever a command takes is offered', async () => {
  expect(await candidates('--v')).toEqual(['--version']);
  expect(await candidates('-v')).toEqual(['-version']);
  expect(await candidates('-help', 'des')).toEqual(['describe']);
  expect(await candidates('hel')).toEqual(['help']);
  expect(await candidates('help', 'des')).toEqual(['describe']);
  expect(await candidates('call', '-max')).toEqual(['-max-time']);
  expect(await candidates('bench', '--format=')).toEqual(['--format=summary', '--format=json', '--format=csv']);
  expect(await candidates('bench', '-format', 'c')).toEqual(['csv']);
  // What a flag takes is no address.
  expect(await candidates('list', '-proto', '')).toEqual([]);
  const proto = folder.file('p.proto');
  writeFileSync(proto, 'syntax = "proto3"; package p; message M {} service S { rpc R(M) returns (M); }');
  // Beside a schema it may be left out.
  expect(await candidates('list', '-proto', proto, 'p')).toEqual(['p.S']);
  expect(await candidates('describe', '-proto', proto, 'p.')).toEqual(['p.M', 'p.S', 'p.S.R']);
  expect(await candidates('describe', '-proto', proto, url, 'p.M')).toEqual(['p.M']);
  expect(await candidates('call', url, 'Gre')).toEqual(['Greeter/']);
  expect(await candidates('call', url, 'Greeter/S')).toEqual(['Greeter/SayHello']);
  expect(await candidates('call', url, 'demo.v1.Greeter.S')).toEqual(['demo.v1.Greeter.SayHello']);
  expect(await candidates('describe', url, 'demo.v1.H')).toEqual(['demo.v1.HelloRequest', 'demo.v1.HelloReply']);
  expect(await candidates('describe', url, 'demo.v1.Greeter/S')).toEqual(['demo.v1.Greeter/SayHello']);
  // It asks for the health of what it is given, which is no short name.
  expect(await candidates('health', url, 'Gre')).toEqual([]);
});

test('a server that does not respond does not hold the shell up', async () => {
  const silent = folder.url('silent.sock');
  const leftMs: number[] = [];
  const stalling = await serve(silent, {
    'grpc.reflection.v1.ServerReflection': {
      ServerReflectionInfo: {
        shape: 'bidi',
        handle: async function* (messages, { deadline }) {
          leftMs.push((deadline?.getTime() ?? Infinity) - Date.now());
          for await (const _ of messages) yield* [];
        },
      },
    },
  });
  expect(await candidates('call', silent, 'demo')).toEqual([]);
  expect(leftMs).toHaveLength(1);
  expect(leftMs[0]).toBeLessThanOrEqual(2000);
  await stalling.close();
});

test.each(['bash', 'zsh', 'fish'])('the script for %s is one that the shell takes', async (shell) => {
  const { stdout, status } = await ttrpc(['completion', shell]);
  expect(status).toBe(0);
  writeFileSync(folder.file(shell), stdout);
  const { error, stderr } = spawnSync(shell, ['-n', folder.file(shell)], { encoding: 'utf8' });
  // Not every machine has every shell.
  if (error === undefined) expect(stderr).toBe('');
  else expect(stdout).toContain('__complete');
});

test('an unknown shell', async () => {
  expect(await ttrpc(['completion', 'tcsh'])).toMatchObject({
    status: 1,
    stderr: "ttrpc: no completion for 'tcsh': expected bash, zsh or fish\n",
  });
});

test('a server that is slow each time that it is asked is waited for once', async () => {
  // Services come after 1.5 s, and so would the definition of one.
  const slow = createServer((socket) => {
    const behind = createConnection(folder.file('s.sock'));
    for (const each of [socket, behind]) each.on('error', () => undefined);
    socket.on('close', () => behind.destroy());
    socket.pipe(behind).on('data', (chunk: Buffer) => void setTimeout(() => socket.write(chunk), 1500));
  });
  await new Promise<void>((resolve) => slow.listen(folder.file('slow.sock'), resolve));
  try {
    const began = performance.now();
    // No service begins so: the methods of the service before the last dot are asked for, too.
    expect(await candidates('call', folder.url('slow.sock'), 'demo.v1.Greeter.S')).toEqual([]);
    expect(performance.now() - began).toBeLessThan(2900);
  } finally {
    slow.close();
  }
});
