import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { receiveEvents, ShimClient, ShimStdio, type EventReceiver } from 'nestjs-ttrpc/containerd';
import { Program } from '../interop/program.js';
import { compilePackage } from '../support/compiled-package.js';
import { TempFolder } from '../support/temp-folder.js';
import { hasRustShim, RUST_BUILD_MS, rustShimClient } from './rust-shim.js';
import { nextTopics } from './topics.js';

jest.setTimeout(60_000);

interface Outcome {
  response?: Record<string, unknown>;
  code?: number;
  message?: string;
}

/** The client of the crate containerd-shim-protos, in a program of its own. */
class RustClient {
  private constructor(private readonly program: Program) {}

  static async connect(address: string): Promise<RustClient> {
    const [program] = await Program.start('rust shim client', await rustShimClient(), [address]);
    return new RustClient(program);
  }

  /** A call of the Task service, with messages as protobuf's JSON has them. */
  async call(op: string, request: object): Promise<Outcome> {
    return (await this.program.command(op, { request })) as Outcome;
  }

  async close(): Promise<void> {
    await this.program.stop();
  }
}

(hasRustShim ? describe : describe.skip)('a shim of ours, called by a Rust client (containerd-shim-protos)', () => {
  let programs: TempFolder;
  let binary: string;
  let folder: TempFolder;
  let events: EventReceiver;
  let id: string;
  let bundle: string;
  let address: string;
  let client: RustClient | undefined;

  beforeAll(async () => {
    await rustShimClient();
    programs = new TempFolder();
    compilePackage(programs.path, ['test/containerd/stats-shim.ts']);
    binary = programs.file('containerd-shim-stats-v1');
    writeFileSync(binary, `#!/bin/sh\nexec ${process.execPath} ${programs.path}/test/containerd/stats-shim.js "$@"\n`);
    chmodSync(binary, 0o755);
  }, RUST_BUILD_MS);

  afterAll(() => programs?.remove());

  beforeEach(async () => {
    folder = new TempFolder();
    events = await receiveEvents(folder.url('events.sock'));
    id = 'c1';
    bundle = folder.file(id);
    mkdirSync(bundle);
    writeFileSync(`${bundle}/config.json`, '{"process":{"args":["/bin/sh","-c","echo hello; exec sleep 1000"]}}');
    const options = { binary, id, namespace: 'field', bundle, ttrpcAddress: folder.file('events.sock') };
    const shim = await ShimClient.start(options);
    ({ address } = shim.address);
    // The shim goes on; from here on Rust's client alone calls it.
    await shim.close();
    client = await RustClient.connect(address);
  });

  afterEach(async () => {
    await client?.call('kill', { id, signal: 9, all: true });
    await client?.call('wait', { id });
    await client?.call('delete', { id });
    await client?.call('shutdown', { id, now: true }).catch(() => undefined);
    await client?.close();
    client = undefined;
    // The last thing that a shim does.
    while (existsSync(address.replace('unix://', ''))) await new Promise((resolve) => setTimeout(resolve, 10));
    await events.close();
    folder.remove();
  });

  async function ok(op: string, request: object): Promise<Record<string, unknown>> {
    const { response, ...failure } = await (client as RustClient).call(op, request);
    expect([op, failure]).toEqual([op, {}]);
    return response ?? {};
  }

  it('creates, starts, asks, executes, kills, waits, deletes and shuts down', async () => {
    const stdio = await ShimStdio.create(folder.path, 'init');
    const output = text(stdio.stdout);
    await ok('create', { id, bundle, ...stdio.paths });
    const { pid } = await ok('start', { id });
    stdio.started();
    expect(readFileSync(`/proc/${String(pid)}/status`, 'utf8')).toContain('Name:\ts');
    expect(await ok('state', { id })).toMatchObject({ id, bundle, pid, status: 'RUNNING', stdout: stdio.paths.stdout });
    const { shimPid, taskPid } = await ok('connect', { id });
    expect(taskPid).toBe(pid);
    expect(await ok('pids', { id })).toEqual({ processes: [{ pid }] });
    expect(await ok('stats', { id })).toEqual({ stats: 'io.containerd.cgroups.v2.Metrics' });

    const io = await ShimStdio.create(folder.path, 'exec', { stdin: true });
    const typed = text(io.stdout);
    await ok('exec', { id, execId: 'e1', ...io.paths, spec: { args: ['/bin/cat'], cwd: '/', env: [] } });
    await ok('start', { id, execId: 'e1' });
    io.started();
    io.stdin?.end('typed');
    if (io.stdin) await finished(io.stdin);
    await ok('close_io', { id, execId: 'e1', stdin: true });
    expect(await ok('wait', { id, execId: 'e1' })).not.toHaveProperty('exitStatus');
    expect(await typed).toBe('typed');
    await ok('delete', { id, execId: 'e1' });
    io.close();

    await ok('pause', { id });
    expect(await ok('state', { id })).toMatchObject({ status: 'PAUSED' });
    await ok('resume', { id });

    const waiting = ok('wait', { id });
    await ok('kill', { id, signal: 9, all: true });
    expect(await waiting).toMatchObject({ exitStatus: 137, exitedAt: expect.stringMatching(/^20\d\d-/) });
    expect(await output).toBe('hello\n');
    expect(await ok('delete', { id })).toMatchObject({ pid, exitStatus: 137 });
    expect(await nextTopics(events, 9)).toEqual([
      '/tasks/create',
      '/tasks/start',
      '/tasks/exec-added',
      '/tasks/exec-started',
      '/tasks/exit',
      '/tasks/paused',
      '/tasks/resumed',
      '/tasks/exit',
      '/tasks/delete',
    ]);
    await ok('shutdown', { id });
    while (existsSync(`/proc/${String(shimPid)}`)) await new Promise((resolve) => setTimeout(resolve, 10));
    stdio.close();
    await client?.close();
    client = undefined;
  });

  it('gets the status of what fails', async () => {
    const call = (op: string, request: object): Promise<Outcome> => (client as RustClient).call(op, request);
    expect(await call('state', { id: 'none' })).toEqual({ code: 5, message: 'no container none' });
    expect(await call('connect', { id: 'none' })).toMatchObject({ code: 5 });
    await ok('create', { id, bundle });
    expect(await call('create', { id, bundle })).toEqual({ code: 6, message: 'container c1 exists already' });
    await ok('start', { id });
    expect(await call('resume', { id })).toEqual({ code: 9, message: 'container c1 is not paused: RUNNING' });
    expect(await call('delete', { id })).toEqual({ code: 9, message: 'process c1 is still running' });
    expect(await call('kill', { id, execId: 'e9', signal: 9 })).toEqual({
      code: 5,
      message: 'container c1 has no process e9',
    });
  });
});
