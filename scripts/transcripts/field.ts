// Writes what `ttrpc tap` shows between containerd and a shim into docs/containerd.md, and between an NRI runtime and a plugin
// into docs/nri.md: `node scripts/typescript/run.mjs scripts/transcripts/field.ts`. Needs containerd, ctr, runc, busybox,
// Go, and root. With --print it only prints. Times, pids and paths differ from run to run.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContainerChanges, runPlugin } from 'nestjs-ttrpc/nri';
import { Containerd } from '../../test/containerd/containerd.js';
import { GoRuntime } from '../../test/nri/runtime.js';
import { builtCommand } from '../../test/support/built-command.js';
import { Tap } from './tap.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const command = await builtCommand();
const folder = mkdtempSync(join(tmpdir(), 'tap-'));
const at = (name: string): string => join(folder, name);

try {
  write('docs/containerd.md', await containerdTranscript());
  write('docs/nri.md', await nriTranscript());
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
  try {
    await events.listens();
    writeFileSync(
      at('containerd-shim-tapped-v2'),
      `#!/bin/sh
export TTRPC_ADDRESS=${at('events.sock')}
case " $* " in *" start "*) ;; *) exec containerd-shim-runc-v2 "$@" ;; esac
address=$(containerd-shim-runc-v2 "$@") || exit
${process.execPath} ${command} tap --no-reflection ${at('task.sock')} "$address" \\
  </dev/null >${at('task.txt')} 2>${at('task.log')} &
echo $! >${at('task.pid')}
until [ -s ${at('task.log')} ]; do sleep 0.05; done
echo unix://${at('task.sock')}
`,
      { mode: 0o755 },
    );
    const runtime = `--runtime=${at('containerd-shim-tapped-v2')}`;
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
    await sleep(500);
    const tasks = readFileSync(at('task.txt'), 'utf8').split('\n');
    return merged(tasks, events.text.split('\n'));
  } finally {
    await events.stop();
    if (existsSync(at('task.pid'))) process.kill(Number(readFileSync(at('task.pid'), 'utf8')));
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

/** Puts a transcript between the marks of a page. */
function write(page: string, text: string): void {
  if (process.argv.includes('--print')) {
    process.stdout.write(`${text}\n\n`);
    return;
  }
  const file = join(root, page);
  const before = readFileSync(file, 'utf8');
  const block = /(<!-- made by scripts\/transcripts\/field\.ts -->\n\n```console\n)[\s\S]*?(\n```)/;
  if (!block.test(before)) throw new Error(`${page} has no place for a transcript`);
  writeFileSync(
    file,
    before.replace(block, (_all, head: string, tail: string) => `${head}${text}${tail}`),
  );
}
