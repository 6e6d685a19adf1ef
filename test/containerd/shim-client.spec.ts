import { readFileSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  containerdSchema,
  deleteShim,
  parseStartResponse,
  receiveEvents,
  ShimClient,
  ShimStdio,
  type EventReceiver,
  type ShimOptions,
} from 'nestjs-ttrpc/containerd';
import { TempFolder } from '../support/temp-folder.js';
import { configure, makeBundle } from './bundle.js';
import { CONTAINERD_2_BUILD_MS, describeEachContainerd } from './containerd2.js';
import { hasRustShim, RUST_BUILD_MS, RUST_SHIM, rustShim } from './rust-shim.js';
import { shimEnded } from './shim-ended.js';
import { nextTopics } from './topics.js';

const withRustShim = hasRustShim ? describe : describe.skip;

jest.setTimeout(60_000);

describeEachContainerd('without containerd, the runc shim of', ({ shimVersion, shim }) =>
  drivenWithoutContainerd(shimVersion, shim, CONTAINERD_2_BUILD_MS),
);

withRustShim(`the Rust shim (containerd-runc-shim ${RUST_SHIM}) without containerd`, () => {
  drivenWithoutContainerd(3, rustShim, RUST_BUILD_MS);

  it('says what it wants that the Go shim does without: FIFOs for output, and the user of a process', async () => {
    const folder = new TempFolder();
    const id = `c-${process.pid}-${Date.now()}`;
    const bundle = folder.file(id);
    makeBundle(bundle, ['/bin/sleep', '1000']);
    const options = { id, namespace: 'field', bundle, ttrpcAddress: folder.file('events.sock') };
    const events = await receiveEvents(folder.url('events.sock'));
    const shim = await ShimClient.start({ ...options, binary: await rustShim() });
    const { task } = shim;
    const file = folder.file('output');
    writeFileSync(file, '');
    await expect(task.create({ id, bundle, stdout: file, stderr: file })).rejects.toThrow('not a pipe');
    await task.delete({ id }).catch(() => undefined);
    await task.create({ id, bundle });
    await task.start({ id });
    const spec = {
      type_url: 'types.containerd.io/opencontainers/runtime-spec/1/Process',
      value: Buffer.from('{"args":["/bin/true"],"cwd":"/"}'),
    };
    await expect(task.exec({ id, execId: 'e1', spec })).rejects.toThrow('missing field `user`');
    await task.kill({ id, signal: 9, all: true });
    await task.wait({ id });
    await task.delete({ id });
    await task.shutdown({ id }).catch(() => undefined);
    await shimEnded(shim, id);
    await events.close();
    folder.remove();
  });
});

function drivenWithoutContainerd(version: 2 | 3, find: () => Promise<string>, buildMs: number): void {
  beforeAll(async () => void (await find()), buildMs);

  let folder: TempFolder;
  let events: EventReceiver;
  let options: ShimOptions;
  let shim: ShimClient | undefined;

  beforeEach(async () => {
    folder = new TempFolder();
    // The runc shim looks for a container beside its bundle, by its id.
    const id = `c-${process.pid}-${Date.now()}`;
    const bundle = folder.file(id);
    makeBundle(bundle, ['/bin/sh', '-c', 'echo hello; echo oops >&2; exit 7']);
    events = await receiveEvents(folder.url('events.sock'));
    options = {
      binary: await find(),
      id,
      namespace: 'field',
      bundle,
      ttrpcAddress: folder.file('events.sock'),
    };
  });

  afterEach(async () => {
    if (shim) await shimEnded(shim, options.id);
    shim = undefined;
    await events.close();
    folder.remove();
  });

  it('runs a container through its life', async () => {
    const { id, bundle } = options;
    shim = await ShimClient.start(options);
    expect(shim.address.version).toBe(version);
    const { task } = shim;
    const stdio = await ShimStdio.create(folder.path, 'init');
    const output = Promise.all([text(stdio.stdout), text(stdio.stderr)]);
    const { pid } = await task.create({ id, bundle, ...stdio.paths });
    expect(pid).toBeGreaterThan(0);
    expect(await task.state({ id })).toMatchObject({ id, pid, status: 'CREATED' });
    await task.start({ id });
    stdio.started();
    expect(await task.wait({ id })).toMatchObject({ exitStatus: 7 });
    expect(await output).toEqual(['hello\n', 'oops\n']);
    expect(await task.delete({ id })).toMatchObject({ pid, exitStatus: 7 });
    const seen = await nextTopics(events, 4);
    // The shim of containerd 2.x sends the last two in any order.
    if (version === 3) seen.splice(2, 2, ...seen.slice(2).sort().reverse());
    expect(seen).toEqual(['/tasks/create', '/tasks/start', '/tasks/exit', '/tasks/delete']);
    await task.shutdown({ id }).catch(() => undefined);
    stdio.close();
  });

  it('executes, pauses, and takes stdin', async () => {
    const { id, bundle } = options;
    configure(bundle, ['/bin/sleep', '1000']);
    shim = await ShimClient.start(options);
    const { task } = shim;
    const { pid } = await task.create({ id, bundle });
    await task.start({ id });
    const { shimPid, taskPid } = await task.connect({ id });
    expect(taskPid).toBe(pid);
    expect(readFileSync(`/proc/${shimPid}/cmdline`, 'utf8')).toContain('containerd-shim-runc-v2');
    const stdio = await ShimStdio.create(folder.path, 'exec', { stdin: true });
    const output = text(stdio.stdout);
    // Rust's shim wants the user, too, which Go's takes for root.
    const process = { args: ['/bin/cat'], cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } };
    const spec = {
      type_url: 'types.containerd.io/opencontainers/runtime-spec/1/Process',
      value: Buffer.from(JSON.stringify(process)),
    };
    await task.exec({ id, execId: 'e1', ...stdio.paths, spec });
    await task.start({ id, execId: 'e1' });
    stdio.started();
    stdio.stdin?.end('typed');
    if (stdio.stdin) await finished(stdio.stdin);
    await task.closeIO({ id, execId: 'e1', stdin: true });
    expect(await task.wait({ id, execId: 'e1' })).toMatchObject({ exitStatus: 0 });
    expect(await output).toBe('typed');
    await task.delete({ id, execId: 'e1' });
    stdio.close();

    // Who connects later finds it by its bundle.
    const second = await ShimClient.connect({ bundle });
    expect(await second.task.state({ id })).toMatchObject({ status: 'RUNNING' });
    await second.close();
    await task.kill({ id, signal: 9, all: true });
    expect(await task.wait({ id })).toMatchObject({ exitStatus: 137 });
    await task.delete({ id });
    await task.shutdown({ id }).catch(() => undefined);
    expect((await deleteShim(options)).exitStatus).toBe(137);
  });

  it('pauses, measures and limits a container', async () => {
    const { id, bundle } = options;
    configure(bundle, ['/bin/sleep', '1000']);
    shim = await ShimClient.start(options);
    const { task } = shim;
    await task.create({ id, bundle });
    await task.start({ id });
    await task.pause({ id });
    expect(await task.state({ id })).toMatchObject({ status: 'PAUSED' });
    await task.resume({ id });
    expect(await task.state({ id })).toMatchObject({ status: 'RUNNING' });
    expect((await task.stats({ id })).stats?.type_url).toMatch(/^io\.containerd\.cgroups\.v[12]\.Metrics$/);
    const resources = {
      type_url: 'types.containerd.io/opencontainers/runtime-spec/1/LinuxResources',
      value: Buffer.from(JSON.stringify({ pids: { limit: 50 } })),
    };
    await task.update({ id, resources });
    expect((await task.pids({ id })).processes).toHaveLength(1);
    await task.kill({ id, signal: 9, all: true });
    expect(await task.wait({ id })).toMatchObject({ exitStatus: 137 });
    await task.delete({ id });
    await task.shutdown({ id }).catch(() => undefined);
  });

  it('has a terminal of the size that it is told', async () => {
    const { id, bundle } = options;
    configure(bundle, ['/bin/sh', '-c', 'read line; /bin/busybox stty size; echo $line'], { terminal: true });
    shim = await ShimClient.start(options);
    const { task } = shim;
    const stdio = await ShimStdio.create(folder.path, 'tty', { stdin: true, terminal: true });
    expect(stdio.paths.stderr).toBe('');
    const output = text(stdio.stdout);
    await task.create({ id, bundle, ...stdio.paths, terminal: true });
    await task.start({ id });
    stdio.started();
    await task.resizePty({ id, width: 100, height: 40 });
    stdio.stdin?.write('typed\n');
    expect(await task.wait({ id })).toMatchObject({ exitStatus: 0 });
    await task.delete({ id });
    // A terminal echoes what is typed, and ends its lines as terminals do.
    expect(await output).toBe('typed\r\n40 100\r\ntyped\r\n');
    await task.shutdown({ id }).catch(() => undefined);
    stdio.close();
  });

  it('says what is wrong with a bundle, and with a binary', async () => {
    await expect(ShimClient.start({ ...options, bundle: folder.path })).rejects.toThrow('cannot read its config.json');
    await expect(ShimClient.start({ ...options, binary: '/no/shim' })).rejects.toThrow('cannot run the shim /no/shim');
    await expect(ShimClient.start({ ...options, binary: '/bin/false' })).rejects.toThrow('has ended with status 1');
    await expect(ShimClient.connect({ bundle: folder.path })).rejects.toThrow('names no shim');
  });
}

describe('what start writes', () => {
  const codec = containerdSchema().findType('containerd.runtime.bootstrap.v1.BootstrapResult');

  it.each([
    ['unix:///run/a', { address: 'unix:///run/a', version: 2 }],
    ['/run/a\n', { address: '/run/a', version: 2 }],
    ['containerd-shim/x/shim.sock', { address: '@containerd-shim/x/shim.sock', version: 2 }],
    ['{"version":3,"address":"unix:///run/a","protocol":"ttrpc"}', { address: 'unix:///run/a', version: 3 }],
    [
      codec?.encode({ version: 3, address: 'unix:///run/a', protocol: 'ttrpc' }) ?? '',
      { address: 'unix:///run/a', version: 3 },
    ],
  ])('%p', (output, expected) => {
    expect(parseStartResponse(Buffer.from(output))).toEqual(expected);
  });

  it.each([
    ['', 'the shim has written no address'],
    ['{"version":3,"address":"x","protocol":"grpc"}', 'the shim speaks grpc: expected ttrpc'],
    ['{"version":4,"address":"x","protocol":"ttrpc"}', 'the shim has version 4: expected 2 or 3'],
  ])('%p is an error', (output, message) => {
    expect(() => parseStartResponse(Buffer.from(output))).toThrow(message);
  });
});
