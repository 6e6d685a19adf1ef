import { beforeAll, beforeEach, afterEach, describe, expect, jest, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { receiveEvents, ShimClient, ShimStdio, type TaskClient } from '../../src/containerd/index.js';
import { runPlugin, type RunningPlugin } from '../../src/nri/index.js';
import { builtCommand, ttrpc } from '../support/built-command.js';
import { hasGo } from '../support/go-module.js';
import { TempFolder } from '../support/temp-folder.js';
import { makeBundle } from '../containerd/bundle.js';
import { Containerd, hasContainerd } from '../containerd/containerd.js';
import { CONTAINERD_2_BUILD_MS, describeEachContainerd } from '../containerd/containerd2.js';
import { shimEnded } from '../containerd/shim-ended.js';
import { GoRuntime } from '../nri/runtime.js';
import { linesOf, recordingOf, shapeOf, Tapped } from './tapped.js';
import { TappedShim } from './tapped-shim.js';

jest.setTimeout(120_000);
beforeAll(() => builtCommand(), 120_000);

let folder: TempFolder;
let tapped: Tapped | undefined;
beforeEach(() => {
  folder = new TempFolder();
});
afterEach(async () => {
  await tapped?.stop();
  tapped = undefined;
  folder.remove();
});

/** What differs each time that a container is run, of responses that have it. */
const ignore = (...fields: string[]): string[] => fields.flatMap((field) => ['--ignore', field]);

(hasContainerd ? describe : describe.skip)('ttrpc tap between containerd and its own runc shim', () => {
  test('task calls one way, events the other way, decoded without a schema; both are replayed', async () => {
    const containerd = await Containerd.start(folder.path);
    const rootfs = folder.file('rootfs');
    mkdirSync(join(rootfs, 'bin'), { recursive: true });
    cpSync('/bin/busybox', join(rootfs, 'bin/busybox'));
    symlinkSync('busybox', join(rootfs, 'bin/sh'));
    // The container goes on when a line is written here: containerd, and the replay, see it running first.
    execFileSync('mkfifo', [join(rootfs, 'gate')]);
    const gate = openSync(join(rootfs, 'gate'), 'r+');
    const task = new TappedShim(folder.path, await builtCommand(), {
      events: folder.file('tap.sock'),
      args: ['--format', 'ndjson'],
    });
    try {
      const save = ['--save', folder.file('events.ttrpc')];
      tapped = await Tapped.start(folder.url('tap.sock'), containerd.ttrpcSocket, ['--format', 'ndjson', ...save]);
      const program = ['/bin/sh', '-c', 'echo hello; read line </gate'];
      const run = containerd.ctr('run', '--rm', `--runtime=${task.runtime}`, '--rootfs', rootfs, 'c1', ...program);
      await Promise.race([task.shows('"status":"RUNNING"'), run]);
      writeSync(gate, '\n');
      expect(await run).toMatchObject({ status: 0, stdout: 'hello\n' });
      await tapped.shows('/tasks/delete');
      await tapped.shows('"status":"OK"');

      const events = tapped.lines().filter(({ event, method }) => event === 'request' && method === 'Forward');
      expect(events[0]).toMatchObject({
        service: 'containerd.services.events.ttrpc.v1.Events',
        message: {
          envelope: {
            topic: '/tasks/create',
            event: { '@type': 'containerd.events.TaskCreate', containerId: 'c1' },
          },
        },
      });
      await task.stop();
      const tasks = linesOf(task.output());
      const methods = tasks.filter(({ event }) => event === 'request').map(({ method }) => method);
      expect(methods).toEqual(expect.arrayContaining(['Create', 'Start', 'Wait', 'Delete']));
      expect(tasks.find(({ event, method }) => event === 'status' && method === 'Wait')).toMatchObject({
        status: 'OK',
      });
      const create = tasks.find(({ event, method }) => event === 'request' && method === 'Create');
      expect(create).toMatchObject({
        service: 'containerd.task.v2.Task',
        message: { id: 'c1', bundle: expect.stringContaining('c1') },
      });

      // containerd takes the shim's events once more.
      expect(await tapped.stop()).toMatchObject({ status: 0 });
      const replayed = await ttrpc(['replay', folder.file('events.ttrpc'), containerd.ttrpcSocket]);
      const count = tapped.lines().filter(({ event, method }) => event === 'request' && method === 'Forward').length;
      expect(replayed).toMatchObject({ status: 0, stderr: `${count} calls: ${count} as recorded, 0 different\n` });
      expect(replayed.stdout).toMatch(/^1:1 containerd\.services\.events\.ttrpc\.v1\.Events\/Forward OK: same$/m);

      // Another shim carries out containerd's calls: it finds the bundle and the FIFOs at the places that they name.
      const { bundle, stdin = '', stdout } = create?.message as { bundle: string; stdin?: string; stdout: string };
      mkdirSync(bundle);
      cpSync(task.config, join(bundle, 'config.json'));
      mkdirSync(dirname(stdout), { recursive: true });
      const stdio = await ShimStdio.create(dirname(stdout), basename(stdout, '-stdout'), { stdin: stdin !== '' });
      const shim = await ShimClient.start({
        binary: 'containerd-shim-runc-v2',
        id: 'c1',
        namespace: 'default',
        bundle,
        ttrpcAddress: containerd.ttrpcSocket,
      });
      try {
        // A tap between the two says when the container runs again.
        const args = ['--no-reflection', '--format', 'ndjson'];
        tapped = await Tapped.start(folder.url('again.sock'), shim.address.address, args);
        const fields = ignore('pid', 'shimPid', 'taskPid', 'exitedAt');
        const replay = ttrpc(['replay', '--no-reflection', ...fields, task.recording, folder.url('again.sock')]);
        const output = text(stdio.stdout);
        await Promise.race([tapped.shows('"status":"RUNNING"'), replay]);
        stdio.started();
        writeSync(gate, '\n');
        // Each call is a line, with what differs in lines below it.
        const said = (await replay).stdout.trimEnd().split(/\n(?! )/);
        const others = said.filter((each) => !SHUTDOWN.test(each));
        expect(others.map((each) => each.replace(/^\S+ containerd\.task\.v2\.Task\//, ''))).toEqual(
          methods.filter((name) => name !== 'Shutdown').map((name) => `${name} OK: same`),
        );
        expect(await output).toBe('hello\n');
        const again = tapped.lines().filter(({ event }) => event === 'request');
        expect(again.map(({ method }) => method)).toEqual(methods);
      } finally {
        await shimEnded(shim, 'c1');
        stdio.close();
        rmSync(dirname(stdout), { recursive: true, force: true });
      }
    } finally {
      closeSync(gate);
      await tapped?.stop();
      await task.stop();
      await containerd.stop();
    }
  });
});

describeEachContainerd('ttrpc tap before a runc shim that we drive ourselves, of', ({ shim }) => beforeShim(shim));

function beforeShim(find: () => Promise<string>): void {
  let binary: string;
  beforeAll(async () => void (binary = await find()), CONTAINERD_2_BUILD_MS);

  test('what it was told is told to another shim', async () => {
    const id = `c-${process.pid}-${Date.now()}`;
    const bundle = folder.file(id);
    makeBundle(bundle, ['/bin/sh', '-c', 'echo hello; exec sleep 1000']);
    const events = await receiveEvents(folder.url('events.sock'));
    const options = { binary, id, namespace: 'field', bundle, ttrpcAddress: folder.file('events.sock') };
    const recording = folder.file('task.ttrpc');
    const outputs = (): Promise<ShimStdio[]> =>
      Promise.all(['init', 'exec'].map((name) => ShimStdio.create(folder.path, name)));
    const textsOf = (all: readonly ShimStdio[]): Promise<string[]> =>
      Promise.all(all.map(({ stdout }) => text(stdout)));
    let shim: ShimClient | undefined;
    try {
      shim = await ShimClient.start(options);
      const args = ['--no-reflection', '--format', 'ndjson', '--save', recording];
      tapped = await Tapped.start(folder.url('tap.sock'), shim.address.address, args);
      const recorded = await outputs();
      const { version } = shim.address;
      const said = textsOf(recorded);
      const through = await ShimClient.connect({ address: folder.url('tap.sock'), version });
      await drive(through.task, id, bundle, recorded);
      await through.close();
      await tapped.stop();
      expect(await said).toEqual(['hello\n', 'from within\n']);
      for (const each of recorded) each.close();
      await shim.task.shutdown({ id }).catch(() => undefined);
      await shimEnded(shim, id);

      shim = await ShimClient.start(options);
      const again = await outputs();
      const saidAgain = textsOf(again);
      const flags = ['--no-reflection', ...ignore('pid', 'exitedAt')];
      const replay = await ttrpc(['replay', ...flags, recording, shim.address.address]);
      for (const each of again) each.started();
      expect(replay).toMatchObject({ status: 0, stderr: '12 calls: 12 as recorded, 0 different\n' });
      const names = replay.stdout.split('\n').map((line) => line.replace(/^\S+ containerd\.task\.v\d\.Task\//, ''));
      expect(names.slice(0, -1).sort()).toEqual(CALLS.map((name) => `${name} OK: same`).sort());
      expect(await saidAgain).toEqual(['hello\n', 'from within\n']);
      for (const each of again) each.close();
      await shim.task.shutdown({ id }).catch(() => undefined);
    } finally {
      if (shim) await shimEnded(shim, id);
      await events.close();
    }
  });
}

/** A replayed Shutdown. In either run the shim may end before it has responded to the call that ends it. */
const SHUTDOWN =
  /^\S+ \S+\/Shutdown .*(\n {2}(status: recorded (OK, got none|none, got OK)|message 1: recorded ({}, got nothing|nothing, got {})))*$/;

/** The calls of {@link drive}. */
const CALLS = [
  'Create',
  'State',
  'Start',
  'State',
  'Exec',
  'Start',
  'Wait',
  'Delete',
  'Wait',
  'Kill',
  'State',
  'Delete',
];

/** Runs a container and a process in it, as containerd does. */
async function drive(task: TaskClient, id: string, bundle: string, [init, exec]: readonly ShimStdio[]): Promise<void> {
  const { pid } = await task.create({ id, bundle, ...init?.paths });
  expect(await task.state({ id })).toMatchObject({ id, pid, status: 'CREATED' });
  await task.start({ id });
  expect(await task.state({ id })).toMatchObject({ status: 'RUNNING' });
  const spec = {
    type_url: 'types.containerd.io/opencontainers/runtime-spec/1/Process',
    value: Buffer.from(JSON.stringify({ args: ['/bin/echo', 'from within'], cwd: '/', user: { uid: 0, gid: 0 } })),
  };
  await task.exec({ id, execId: 'e1', ...exec?.paths, spec });
  await task.start({ id, execId: 'e1' });
  init?.started();
  exec?.started();
  expect(await task.wait({ id, execId: 'e1' })).toMatchObject({ exitStatus: 0 });
  await task.delete({ id, execId: 'e1' });
  const wait = task.wait({ id });
  await task.kill({ id, signal: 9, all: true });
  expect(await wait).toMatchObject({ exitStatus: 137 });
  expect(await task.state({ id })).toMatchObject({ status: 'STOPPED' });
  await task.delete({ id });
}

((await hasGo()) ? describe : describe.skip)("ttrpc tap --nri between a plugin and NRI's own runtime", () => {
  let runtime: GoRuntime;
  let plugin: RunningPlugin | undefined;
  const socket = (): string => folder.file('nri.sock');
  const pod = { id: 'pod-1', name: 'web', namespace: 'default' };

  beforeEach(async () => {
    runtime = await GoRuntime.start(socket());
  }, 300_000);
  afterEach(async () => {
    await plugin?.stop();
    plugin = undefined;
    await runtime.stop();
  });

  test('shows both directions, and the recording is replayed', async () => {
    const file = folder.file('nri.ttrpc');
    tapped = await Tapped.start(folder.url('t.sock'), socket(), ['--nri', '--format', 'ndjson', '--save', file]);
    plugin = await runPlugin(
      { runPodSandbox: () => undefined },
      { name: 'test', index: '10', socket: folder.file('t.sock'), logger: SILENT },
    );
    await runtime.synced();
    await runtime.relay('RunPodSandbox', { pod });
    await plugin.stop();
    plugin = undefined;
    await tapped.shows('"disconnected"');
    const short = shapeOf(tapped.lines()).map((line) => line.replace(/ \{.*/, ''));
    expect(short).toEqual(
      expect.arrayContaining([
        '2 → request RegisterPlugin',
        '2 ← status RegisterPlugin OK',
        '1 ← request Configure',
        '1 → status Configure OK',
        '1 ← request Synchronize',
        '1 → status Synchronize OK',
      ]),
    );
    const register = tapped.lines().find(({ method }) => method === 'RegisterPlugin');
    expect(register).toMatchObject({
      mux: 2,
      service: 'nri.pkg.api.v1alpha1.Runtime',
      message: { pluginName: 'test', pluginIdx: '10', NRIVersion: 'v0.12.5' },
    });
    expect(tapped.program.output()).toContain('"name":"web"');
    await tapped.stop();
    const frames = recordingOf(file).filter(({ event }) => event === 'frame');
    expect(frames.length).toBeGreaterThanOrEqual(6);

    // Up to where the runtime speaks by itself: a pod that it does not run is not announced again.
    const lines = readFileSync(file, 'utf8').split('\n');
    const relayed = lines.findIndex((line) => line.includes('"mux":1,"from":"server","stream":5,'));
    writeFileSync(folder.file('start.ttrpc'), `${lines.slice(0, relayed).join('\n')}\n`);
    const replay = ttrpc(['replay', folder.file('start.ttrpc'), socket()]);
    await runtime.synced();
    expect(await replay).toMatchObject({ status: 0, stderr: '3 calls: 3 as recorded, 0 different\n' });
  });
});

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
