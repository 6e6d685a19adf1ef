// The `ttrpc` command as a user gets it: the packed tarball, installed in an empty folder, each command against a Go
// server, a Rust server and one of ours. node scripts/typescript/run.mjs test/consumers/command.ts
import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goVersion, startGoServer } from '../interop/go-peer.js';
import { cargoVersion, startRustServer } from '../interop/rust-peer.js';
import { startNestServer } from '../interop/nest/server.js';
import { runProgram, startProgram } from '../support/program.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROTO = join(ROOT, 'test/interop/proto/interop.proto');
const SERVICE = 'interop.v1.Interop';

const folder = mkdtempSync(join(tmpdir(), 'command-'));
try {
  const { pack } = (await import(join(ROOT, 'scripts/pack.mjs'))) as { pack(to: string): { tarball: string } };
  const { npm } = (await import(join(ROOT, 'scripts/npm.mjs'))) as { npm(args: string[], cwd: string): Promise<void> };
  const project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{"private":true}');
  await npm(['install', '--omit=peer', pack(folder).tarball], project);
  const command = join(project, 'node_modules/.bin/ttrpc');

  const version = await runProgram(command, ['--version']);
  assert.match(version.stdout, /^ttrpc \d+\.\d+\.\d+\n$/);
  assert.equal((await runProgram(command, ['list', PROTO])).stdout, `${SERVICE}\n`);
  assert.match((await runProgram(command, ['describe', PROTO, `${SERVICE}/Unary`])).stdout, /^rpc Unary/m);
  for (const shell of ['bash', 'zsh', 'fish']) {
    assert.match((await runProgram(command, ['completion', shell])).stdout, /ttrpc __complete/);
  }
  console.log('installed: version, list, describe, completion');

  const servers = [
    { name: 'go', start: startGoServer, isThere: (await goVersion()) !== undefined },
    { name: 'rust', start: startRustServer, isThere: (await cargoVersion()) !== undefined },
    { name: 'ours', start: (url: string) => startNestServer(url, 'iterables'), isThere: true },
  ];
  for (const { name, start, isThere } of servers) {
    if (!isThere) {
      console.log(`${name}: skipped, there is no toolchain`);
      continue;
    }
    const server = await start(`unix://${join(folder, `${name}.sock`)}`);
    try {
      await check(command, name, server.address);
    } finally {
      await server.stop();
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Each command that talks to a server. */
async function check(command: string, name: string, address: string): Promise<void> {
  const run = (...args: string[]) => runProgram(command, args);
  const schema = ['--proto', PROTO];

  const unary = await run('call', ...schema, '-d', '{"seq":5,"body":"AQID"}', address, `${SERVICE}/Unary`);
  assert.equal(unary.status, 0, unary.stderr);
  assert.equal((JSON.parse(unary.stdout) as { seq: string }).seq, '5');
  const stream = await run('call', ...schema, '-d', '{"seq":1}{"seq":2}', address, `${SERVICE}/Bidi`);
  assert.equal(stream.stdout.trim().split('\n').length, 2, stream.stderr);
  const failed = await run(
    'call',
    ...schema,
    '-d',
    '{"fail":{"code":5,"message":"gone"}}',
    address,
    `${SERVICE}/Unary`,
  );
  assert.equal(failed.status, 69);
  const unknown = await run('call', ...schema, address, `${SERVICE}/Unry`);
  assert.match(unknown.stderr, /^ttrpc: [^\n]*Did you mean 'Unary'\?\n$/);

  const bench = await run('bench', ...schema, '--total', '500', '--format', 'json', address, `${SERVICE}/Unary`);
  assert.deepEqual((JSON.parse(bench.stdout) as { codes: object }).codes, { OK: 500 });

  const health = await run('health', address);
  assert.ok((health.status ?? 0) >= 64, `no health service: ${health.stderr}`);

  const [listen, file] = [join(folder, 'tap.sock'), join(folder, 'calls')];
  const tap = startProgram(command, ['tap', ...schema, '--save', file, listen, address]);
  await tap.complains('listening on');
  assert.equal((await run('call', ...schema, '-d', '{"seq":7}', listen, `${SERVICE}/Unary`)).status, 0);
  await tap.shows('disconnected');
  tap.child.kill('SIGINT');
  assert.equal((await tap.ended).status, 0);
  assert.match(tap.output(), /Unary \{"seq":"7"\}/);
  assert.ok(readFileSync(file, 'utf8').includes('"frame"'));
  const replay = await run('replay', ...schema, file, address);
  assert.equal(replay.status, 0, replay.stdout + replay.stderr);
  console.log(`${name}: call, bench, health, tap, replay`);
}
