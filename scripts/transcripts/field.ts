// Writes what `ttrpc tap` shows between containerd and a shim into docs/containerd.md, and between an NRI runtime and a plugin
// into docs/nri.md: `node scripts/typescript/run.mjs scripts/transcripts/field.ts`. Needs containerd, ctr, runc, busybox,
// Go, and root. With --print it only prints. Times, pids and paths differ from run to run.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerChanges, runPlugin } from 'nestjs-ttrpc/nri';
import { TappedShim } from '../../test/cli/tapped-shim.js';
import { Containerd } from '../../test/containerd/containerd.js';
import { GoRuntime } from '../../test/nri/runtime.js';
import { builtCommand } from '../../test/support/built-command.js';
import { Tap } from './tap.js';
import { writeTranscript } from './write.js';

const NAME = 'scripts/transcripts/field.ts';
const command = await builtCommand();
const folder = mkdtempSync(join(tmpdir(), 'tap-'));
const at = (name: string): string => join(folder, name);

try {
  writeTranscript('docs/containerd.md', NAME, await containerdTranscript());
  writeTranscript('docs/nri.md', NAME, await nriTranscript());
} finally {
  rmSync(folder, { recursive: true });
}

/** A shim before which a tap stands, and one before containerd for its events; each line says between whom it was. */
async function containerdTranscript(): Promise<string> {
  const containerd = await Containerd.start(folder);
  mkdirSync(at('rootfs/bin'), { recursive: true });
  cpSync('/bin/busybox', at('rootfs/bin/busybox'));
  symlinkSync('busybox', at('rootfs/bin/echo'));
  const events = new Tap(command, ['--no-reflection', at('events.sock'), containerd.ttrpcSocket]);
  const shim = new TappedShim(folder, command, { events: at('events.sock') });
  try {
    await events.listens();
    const runtime = `--runtime=${shim.runtime}`;
    const { status, stderr } = await containerd.ctr(
      'run',
      '--rm',
      runtime,
      '--rootfs',
      at('rootfs'),
      'c1',
      '/bin/echo',
      'hello',
    );
    if (status !== 0) throw new Error(stderr);
    await events.shows('/tasks/delete');
    await shim.shows('disconnected');
    return merged(shim.output().split('\n'), events.text.split('\n'));
  } finally {
    await events.stop();
    await shim.stop();
    await containerd.stop();
  }
}

async function nriTranscript(): Promise<string> {
  const runtime = await GoRuntime.start(at('nri.sock'), ['-pods', '1']);
  const tap = new Tap(command, ['--nri', '--no-reflection', at('tap.sock'), at('nri.sock')]);
  try {
    await tap.listens();
    const plugin = await runPlugin(
      { createContainer: () => ({ adjust: new ContainerChanges().addEnv('NODE', 'edge-1') }) },
      { name: 'logger', index: '10', socket: at('tap.sock') },
    );
    await runtime.synced();
    const pod = { id: 'pod-1', name: 'web', namespace: 'default' };
    await runtime.relay('CreateContainer', { pod, container: { id: 'c1', podSandboxId: 'pod-1', name: 'nginx' } });
    await plugin.stop();
    await tap.shows('disconnected');
    return tidied(tap.text.split('\n'));
  } finally {
    await tap.stop();
    await runtime.stop();
  }
}

/** The lines of both taps in the order of their times, marked `task` and `events`. */
function merged(tasks: string[], events: string[]): string {
  const lines = [
    ...tasks.filter((line) => line !== '').map((line) => line.replace(' ', ' task ')),
    ...events.filter((line) => line !== '').map((line) => line.replace(' ', ' events ')),
  ];
  return tidied(lines.sort((a, b) => (a.slice(0, 12) < b.slice(0, 12) ? -1 : 1)));
}

/** Without what teaches nothing: folders and FIFOs of this run, times within messages, and what is longer than a line. */
function tidied(lines: string[]): string {
  return lines
    .filter((line) => line !== '')
    .map((line) =>
      line
        .replaceAll(folder, '/run')
        .replace(/"(timestamp|stdin|stdout|stderr|rootfs|options)":("[^"]*"|\[[^\]]*\]|\{[^}]*\}),?/g, '')
        .replaceAll(',}', '}')
        .replace(/^(.{230}).{10,}$/, '$1 …'),
    )
    .join('\n');
}
