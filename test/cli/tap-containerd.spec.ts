import { beforeAll, beforeEach, afterEach, describe, expect, jest, test } from '@jest/globals';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runPlugin, type RunningPlugin } from '../../src/nri/index.js';
import { builtCommand, ttrpc } from '../support/built-command.js';
import { hasGo } from '../support/go-module.js';
import { TempFolder } from '../support/temp-folder.js';
import { Containerd, hasContainerd } from '../containerd/containerd.js';
import { GoRuntime } from '../nri/runtime.js';
import { linesOf, recordingOf, shapeOf, Tapped } from './tapped.js';

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

(hasContainerd ? describe : describe.skip)('ttrpc tap between containerd and its own runc shim', () => {
  test('task calls one way, events the other way, decoded without a schema; the events are replayed', async () => {
    const containerd = await Containerd.start(folder.path);
    const rootfs = folder.file('rootfs');
    mkdirSync(join(rootfs, 'bin'), { recursive: true });
    cpSync('/bin/busybox', join(rootfs, 'bin/busybox'));
    symlinkSync('busybox', join(rootfs, 'bin/echo'));
    try {
      const save = ['--save', folder.file('events.ttrpc')];
      tapped = await Tapped.start(folder.url('tap.sock'), containerd.ttrpcSocket, ['--format', 'ndjson', ...save]);
      const runtime = `--runtime=${await tappedShim()}`;
      const run = await containerd.ctr('run', '--rm', runtime, '--rootfs', rootfs, 'c1', '/bin/echo', 'hello');
      expect(run).toMatchObject({ status: 0, stdout: 'hello\n' });
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
      const tasks = linesOf(readFileSync(folder.file('task.ndjson'), 'utf8'));
      const methods = tasks.filter(({ event }) => event === 'request').map(({ method }) => method);
      expect(methods).toEqual(expect.arrayContaining(['Create', 'Start', 'Wait', 'Delete']));
      expect(tasks.find(({ event, method }) => event === 'status' && method === 'Wait')).toMatchObject({
        status: 'OK',
      });
      expect(tasks.find(({ event, method }) => event === 'request' && method === 'Create')).toMatchObject({
        service: 'containerd.task.v2.Task',
        message: { id: 'c1', bundle: expect.stringContaining('c1') },
      });

      // containerd takes the shim's events once more.
      expect(await tapped.stop()).toMatchObject({ status: 0 });
      const replayed = await ttrpc(['replay', folder.file('events.ttrpc'), containerd.ttrpcSocket]);
      const count = tapped.lines().filter(({ event, method }) => event === 'request' && method === 'Forward').length;
      expect(replayed).toMatchObject({ status: 0, stderr: `${count} calls: ${count} as recorded, 0 different\n` });
      expect(replayed.stdout).toMatch(/^1:1 containerd\.services\.events\.ttrpc\.v1\.Events\/Forward OK: same$/m);
      expect(recordingOf(folder.file('task.ttrpc')).filter(({ event }) => event === 'frame').length).toBeGreaterThan(8);
    } finally {
      await tapped?.stop();
      if (existsSync(folder.file('task.pid'))) process.kill(Number(readFileSync(folder.file('task.pid'), 'utf8')));
      await containerd.stop();
    }
  });

  /** A runtime for ctr: the runc shim, whose address is that of a tap before it, and whose events go to the other tap. */
  async function tappedShim(): Promise<string> {
    const file = folder.file('containerd-shim-tapped-v2');
    const at = (name: string): string => folder.file(name);
    writeFileSync(
      file,
      `#!/bin/sh
export TTRPC_ADDRESS=${at('tap.sock')}
case " $* " in *" start "*) ;; *) exec containerd-shim-runc-v2 "$@" ;; esac
address=$(containerd-shim-runc-v2 "$@") || exit
${process.execPath} ${await builtCommand()} tap --no-reflection --format ndjson --save ${at('task.ttrpc')} ${at('task.sock')} "$address" \
  </dev/null >${at('task.ndjson')} 2>${at('task.log')} &
echo $! >${at('task.pid')}
until [ -s ${at('task.log')} ]; do sleep 0.05; done
echo unix://${at('task.sock')}
`,
      { mode: 0o755 },
    );
    return file;
  }
});

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
