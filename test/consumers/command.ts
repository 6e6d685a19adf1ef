// The `ttrpc` command as a user gets it: the packed tarball, installed in an empty folder, each command against a Go
// server, a Rust server and one of ours. node scripts/typescript/run.mjs test/consumers/command.ts
import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Mux, PLUGIN_CONNECTION, RUNTIME_CONNECTION } from '../../src/nri/mux.js';
import { serve, type RawServer } from '../../src/protocol/server/serve.js';
import { greeterSet, serveReflecting } from '../cli/reflecting-server.js';
import { goVersion, startGoServer } from '../interop/go-peer.js';
import { cargoVersion, startRustServer } from '../interop/rust-peer.js';
import { startNestServer } from '../interop/nest/server.js';
import { GoRuntime } from '../nri/runtime.js';
import { runProgram, startProgram } from '../support/program.js';
import { checkStarts } from './command-start.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROTO = join(ROOT, 'test/interop/proto/interop.proto');
const RUN = join(ROOT, 'scripts/typescript/run.mjs');
const SERVICE = 'interop.v1.Interop';
const SCHEMA = ['--proto', PROTO];
/** How soon it starts is measured on each of them. */
const NODES = ['20', '22', '24', '26'];

/** The commands that talk to a server. */
const CHECKS: Readonly<Record<string, (command: string, address: string, name: string) => Promise<void>>> = {
  async 'calls of all four shapes'(command, address) {
    const call = async (method: string, data: string, count: number): Promise<void> => {
      const end = await runProgram(command, ['call', ...SCHEMA, '-d', data, address, `${SERVICE}/${method}`]);
      assert.equal(end.status, 0, end.stderr);
      assert.equal(end.stdout.trim().split('\n').length, count, end.stdout);
    };
    await call('Unary', '{"seq":5,"body":"AQID"}{"seq":6}', 2);
    await call('ServerStream', '{"replyCount":3}', 3);
    await call('ClientStream', '{"seq":1}{"seq":2}', 1);
    await call('Bidi', '{"seq":1}{"seq":2}', 2);
  },

  async 'errors: a status, a method that is not there, JSON that does not fit'(command, address) {
    const call = (method: string, data: string) =>
      runProgram(command, ['call', ...SCHEMA, '-d', data, address, `${SERVICE}/${method}`]);
    const failed = await call('Unary', '{"fail":{"code":5,"message":"gone"}}');
    assert.equal(failed.status, 69);
    assert.match(failed.stderr, /Code: NOT_FOUND\n {2}Message: gone\n$/);
    const unknown = await call('Unry', '{}');
    assert.equal(unknown.status, 1);
    assert.match(unknown.stderr, /^ttrpc: [^\n]*Did you mean 'Unary'\?\n$/);
    const wrong = await call('Unary', '{"fail":{"code":"x"}}');
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /^ttrpc: request: fail\.code: [^\n]*\n$/);
  },

  async 'metadata, a deadline, zeros, frames, and an error as JSON'(command, address) {
    const call = (...args: string[]) => runProgram(command, ['call', ...SCHEMA, ...args, address, `${SERVICE}/Unary`]);
    const flags = ['-vv', '-H', 'tenant: acme', '--max-time', '30', '--emit-defaults', '-d', '{"seq":1}'];
    const { stdout, stderr, status } = await call(...flags);
    assert.equal(status, 0, stderr);
    const reply = JSON.parse(stdout) as { body: string; metadata: object[]; timeoutMs: string };
    assert.equal(reply.body, '');
    assert.deepEqual(reply.metadata, [{ key: 'tenant', value: 'acme' }]);
    assert.ok(Number(reply.timeoutMs) > 20_000, stdout);
    assert.match(stderr, />> Request of stream 1, .*\d+ bytes\n/);
    assert.match(stderr, /<< Response of stream 1, .*\d+ bytes\n/);
    const late = await call('--max-time', '0.3', '-d', '{"delayMs":60000}');
    assert.equal(late.status, 68, late.stderr);
    const failed = await call('--format-error', '-d', '{"fail":{"code":5,"message":"gone"}}');
    assert.equal(failed.status, 69);
    assert.deepEqual(JSON.parse(failed.stderr), { code: 5, message: 'gone' });
  },

  async 'bench with a rate in steps'(command, address) {
    const args = ['--rps', 'step:100:300:100:0.3', '--duration', '1', '--connections', '2', '--format', 'json'];
    const bench = await runProgram(command, ['bench', ...SCHEMA, ...args, address, `${SERVICE}/Unary`]);
    assert.equal(bench.status, 0, bench.stderr);
    assert.deepEqual(Object.keys((JSON.parse(bench.stdout) as { codes: object }).codes), ['OK']);
  },

  async bench(command, address) {
    const args = ['bench', ...SCHEMA, '--total', '500', '--format', 'json', address, `${SERVICE}/Unary`];
    const bench = await runProgram(command, args);
    assert.deepEqual((JSON.parse(bench.stdout) as { codes: object }).codes, { OK: 500 });
  },

  async 'health, where there is no such service'(command, address) {
    const health = await runProgram(command, ['health', address]);
    assert.ok((health.status ?? 0) >= 64, health.stderr);
  },

  async 'tap, save and replay'(command, address, name) {
    const [listen, file] = [join(folder, `${name}-tap.sock`), join(folder, `${name}-calls`)];
    const tap = startProgram(command, ['tap', ...SCHEMA, '--save', file, listen, address]);
    await tap.complains('listening on');
    const call = await runProgram(command, ['call', ...SCHEMA, '-d', '{"seq":7}', listen, `${SERVICE}/Unary`]);
    assert.equal(call.status, 0, call.stderr);
    await tap.shows('disconnected');
    tap.child.kill('SIGINT');
    assert.equal((await tap.ended).status, 0);
    assert.match(tap.output(), /Unary \{"seq":"7"\}/);
    assert.ok(readFileSync(file, 'utf8').includes('"frame"'));
    const replay = await runProgram(command, ['replay', ...SCHEMA, file, address]);
    assert.equal(replay.status, 0, replay.stdout + replay.stderr);
  },
};

const counts = { passed: 0, failed: 0, skipped: 0 };
const folder = mkdtempSync(join(tmpdir(), 'command-'));
try {
  const { pack } = (await import(join(ROOT, 'scripts/pack.mjs'))) as { pack(to: string): { tarball: string } };
  const { npm } = (await import(join(ROOT, 'scripts/npm.mjs'))) as { npm(args: string[], cwd: string): Promise<void> };
  const { nodes } = (await import(join(ROOT, 'scripts/nodes.mjs'))) as {
    nodes(majors: string[], to: string): Promise<{ version: string; path: string }[]>;
  };
  const project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{"private":true}');
  await npm(['install', '--omit=peer', pack(folder).tarball], project);
  const command = join(project, 'node_modules/.bin/ttrpc');
  await one('installed: version, list, describe, completion', () => checkAlone(command));

  const servers = [
    { name: 'go', start: startGoServer, isThere: (await goVersion()) !== undefined },
    { name: 'rust', start: startRustServer, isThere: (await cargoVersion()) !== undefined },
    { name: 'ours', start: (url: string) => startNestServer(url, 'iterables'), isThere: true },
  ];
  for (const { name, start, isThere } of servers) {
    if (!isThere) {
      counts.skipped++;
      console.log(`skipped ${name}: there is no toolchain`);
      continue;
    }
    const server = await start(`unix://${join(folder, `${name}.sock`)}`);
    try {
      for (const [what, check] of Object.entries(CHECKS)) {
        await one(`${name}: ${what}`, () => check(command, server.address, name));
      }
    } finally {
      await server.stop();
    }
  }
  await one('ours behind a hybrid vsock', () => checkHybridVsock(command));
  await one("ours behind NRI's mux", () => checkNriMux(command));
  const url = `unix://${join(folder, 'reflecting.sock')}`;
  const reflecting = startProgram(process.execPath, [RUN, join(ROOT, 'scripts/transcripts/server.ts'), url], {
    stdin: 'open',
  });
  try {
    await reflecting.shows('ready');
    await one('ours with reflection and health', () => checkReflecting(command, url));
  } finally {
    reflecting.child.stdin?.end();
    await reflecting.ended;
  }
  // Last, when nothing else runs.
  const installed = realpathSync(command);
  for (const { version, path } of await nodes(NODES, join(folder, 'nodes'))) {
    const node = { path, major: Number.parseInt(version.slice(1), 10) };
    await one(`starts with Node ${version}, in multiples of an empty file`, async () =>
      console.log((await checkStarts({ node, command: installed, folder })).replace(/^/gm, '    ')),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const line = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
const summary = process.env['TEST_SUMMARY_FILE'];
if (summary !== undefined) writeFileSync(summary, `${line}\n`);
else console.log(line);
if (counts.failed > 0 || (process.env['CI'] !== undefined && counts.skipped > 0)) process.exitCode = 1;

/** Runs a check and counts it. */
async function one(title: string, check: () => Promise<void>): Promise<void> {
  const start = performance.now();
  let failure: string | undefined;
  try {
    await check();
  } catch (error) {
    failure = (error as { message: string }).message;
  }
  counts[failure === undefined ? 'passed' : 'failed']++;
  console.log(`${failure === undefined ? 'ok' : 'FAILED'} ${title} (${Math.round(performance.now() - start)} ms)`);
  if (failure !== undefined) console.log(failure.replace(/^/gm, '    '));
}

/** What needs no server. */
async function checkAlone(command: string): Promise<void> {
  const version = await runProgram(command, ['--version']);
  assert.match(version.stdout, /^ttrpc \d+\.\d+\.\d+\n$/);
  assert.match((await runProgram(command, ['--help'])).stdout, /^ttrpc .*\n\nUsage: /);
  assert.equal((await runProgram(command, ['list', PROTO])).stdout, `${SERVICE}\n`);
  assert.match((await runProgram(command, ['describe', PROTO, `${SERVICE}/Unary`])).stdout, /^rpc Unary/m);
  const template = await runProgram(command, ['describe', '--msg-template', PROTO, `${SERVICE}/Unary`]);
  assert.ok('seq' in (JSON.parse(template.stdout) as object), template.stderr);
  const set = join(folder, 'greeter.binpb');
  writeFileSync(set, greeterSet());
  assert.equal((await runProgram(command, ['list', set])).stdout, 'demo.v1.Greeter\n');
  for (const shell of ['bash', 'zsh', 'fish']) {
    assert.match((await runProgram(command, ['completion', shell])).stdout, / __complete /);
  }
}

/** A port of a virtual machine, by the flag and by the address: a peer as Firecracker is, and a server of ours behind it. */
async function checkHybridVsock(command: string): Promise<void> {
  const guest = await serveReflecting(`unix://${join(folder, 'guest.sock')}`);
  const asked: string[] = [];
  const vsock = createServer((socket) => {
    socket.once('data', (line: Buffer) => {
      asked.push(line.toString());
      const behind = createConnection(join(folder, 'guest.sock'), () => {
        socket.write('OK 1073741824\n');
        socket.pipe(behind).pipe(socket);
      });
      socket.on('error', () => behind.destroy());
      behind.on('error', () => socket.destroy());
    });
  });
  const path = join(folder, 'vm.sock');
  vsock.listen(path);
  await once(vsock, 'listening');
  try {
    const data = ['-d', '{"firstName":"Ada"}'];
    for (const address of [[`hvsock://${path}:1024`], ['--hybrid-vsock', '1024', `unix://${path}`]]) {
      const call = await runProgram(command, ['call', ...data, ...address, 'demo.v1.Greeter/SayHello']);
      assert.deepEqual([call.status, call.stdout, call.stderr], [0, '{"message":"Hello Ada"}\n', '']);
      assert.equal((await runProgram(command, ['list', ...address])).stdout, 'demo.v1.Greeter\n');
    }
    assert.deepEqual(
      asked,
      Array.from({ length: 4 }, () => 'CONNECT 1024\n'),
    );
  } finally {
    await new Promise((resolve) => vsock.close(resolve));
    await guest.close();
  }
}

/** The runtime behind NRI's multiplexer: one that answers, and NRI's own where Go is there. */
async function checkNriMux(command: string): Promise<void> {
  const proto = join(folder, 'runtime.proto');
  writeFileSync(
    proto,
    `syntax = "proto3";
package nri.pkg.api.v1alpha1;
service Runtime { rpc RegisterPlugin(Plugin) returns (Empty); }
message Plugin { string name = 1; string index = 2; }
message Empty {}
`,
  );
  const register = (path: string) =>
    runProgram(command, [
      ...['call', '--nri-mux', '--proto', proto, '-d', '{"name":"cli","index":"10"}'],
      ...[`unix://${path}`, 'nri.pkg.api.v1alpha1.Runtime/RegisterPlugin'],
    ]);
  const trunks: Mux[] = [];
  const served: Promise<RawServer>[] = [];
  const names: string[] = [];
  const listener = createServer((socket) => {
    const mux = new Mux(socket);
    trunks.push(mux);
    mux.open(PLUGIN_CONNECTION).on('error', () => undefined);
    const RegisterPlugin = (bytes: Uint8Array): Uint8Array => {
      names.push(Buffer.from(bytes).toString());
      return new Uint8Array();
    };
    served.push(serve(mux.open(RUNTIME_CONNECTION), { 'nri.pkg.api.v1alpha1.Runtime': { RegisterPlugin } }));
  });
  const path = join(folder, 'nri.sock');
  listener.listen(path);
  await once(listener, 'listening');
  try {
    const end = await register(path);
    assert.deepEqual([end.status, end.stdout, end.stderr], [0, '{}\n', '']);
    assert.deepEqual(names, ['\n\u0003cli\u0012\u000210']);
  } finally {
    for (const each of served) await (await each).close();
    for (const each of trunks) each.destroy();
    await new Promise((resolve) => listener.close(resolve));
  }
  if ((await goVersion()) === undefined) return;
  const runtime = await GoRuntime.start(join(folder, 'go-nri.sock'));
  try {
    const end = await register(join(folder, 'go-nri.sock'));
    assert.deepEqual([end.status, end.stdout, end.stderr], [0, '{}\n', '']);
  } finally {
    await runtime.stop();
  }
}

/** What the schema and the health of a live server are needed for. */
async function checkReflecting(command: string, url: string): Promise<void> {
  const run = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await runProgram(command, args);
    assert.equal(status, 0, stderr);
    return stdout;
  };
  assert.match(await run('list', url), /^demo\.v1\.Greeter$/m);
  assert.match(await run('list', url, 'demo.v1.Greeter'), /^demo\.v1\.Greeter\/SayHello$/m);
  assert.match(await run('describe', url, 'demo.v1.HelloRequest'), /^message HelloRequest \{$/m);
  assert.equal(
    await run('call', '-d', '{"name":"Ada"}', url, 'demo.v1.Greeter/SayHello'),
    '{"message":"Hello, Ada!"}\n',
  );
  assert.equal((await runProgram(command, ['health', url])).stdout, 'SERVING\n');
  assert.equal((await runProgram(command, ['health', url, 'demo.v1.Archive'])).status, 2);
  assert.match(await run('__complete', 'call', url, 'demo.v1.Greeter/S'), /^demo\.v1\.Greeter\/SayHello$/m);
}
