// Writes into docs/containerd.md how containerd's calls of a shim are recorded, and made again to another shim:
// `node scripts/typescript/run.mjs scripts/transcripts/shim-replay.ts`. Needs what field.ts needs. With --print it only
// prints. Pids, times and the names of sockets and FIFOs differ from run to run.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { TappedShim } from '../../test/cli/tapped-shim.js';
import { Containerd } from '../../test/containerd/containerd.js';
import { builtCommand } from '../../test/support/built-command.js';
import { writeTranscript } from './write.js';

const command = await builtCommand();
const folder = mkdtempSync(join(tmpdir(), 'replay-'));
const at = (name: string): string => join(folder, name);

try {
  writeTranscript('docs/containerd.md', 'scripts/transcripts/shim-replay.ts', await transcript());
} finally {
  rmSync(folder, { recursive: true });
}

async function transcript(): Promise<string> {
  const containerd = await Containerd.start(folder);
  mkdirSync(at('rootfs/bin'), { recursive: true });
  cpSync('/bin/busybox', at('rootfs/bin/busybox'));
  for (const name of ['sh', 'sleep']) symlinkSync('busybox', at(`rootfs/bin/${name}`));
  symlinkSync(command, at('ttrpc'));
  const shim = new TappedShim(folder, command, { events: containerd.ttrpcSocket });
  const runtime = `--runtime ${shim.runtime} --rootfs ${at('rootfs')}`;
  try {
    const before = inShell(
      [
        `cat ${shim.runtime}`,
        `ctr run --rm ${runtime} c1 /bin/sh -c 'echo hello; sleep 1'`,
        `grep -o -m 1 '"bundle.*stderr":"[^"]*"' task.out`,
      ],
      containerd.socket,
    );
    await shim.stop();
    const [, bundle = ''] = /"bundle":"([^"]*)"/.exec(before) ?? [];
    const [, fifos = ''] = /"stdout":"([^"]*)\/c1-stdout"/.exec(before) ?? [];
    const after = inShell(
      [
        `bundle=${bundle}`,
        `fifos=${fifos}`,
        'mkdir -p $bundle $fifos && cp config.json $bundle',
        'mkfifo $bundle/log $fifos/c1-stdin $fifos/c1-stdout $fifos/c1-stderr',
        'cat $bundle/log >shim.log & cat $fifos/c1-stdout & cat $fifos/c1-stderr &',
        'shim="containerd-shim-runc-v2 -namespace default -id c1 -address /run/containerd/containerd.sock"',
        'address=$(cd $bundle && $shim start)',
        'ttrpc replay --ignore pid --ignore shimPid --ignore taskPid --ignore exitedAt task.ttrpc $address',
      ],
      containerd.socket,
      { TTRPC_ADDRESS: containerd.ttrpcSocket },
    );
    rmSync(fifos, { recursive: true });
    return tidied(`${before}${after}`);
  } finally {
    await shim.stop();
    await containerd.stop();
  }
}

/** What a shell of root prints, with the commands. */
function inShell(commands: readonly string[], socket: string, more: NodeJS.ProcessEnv = {}): string {
  const output = at('output');
  // Each command is shown as it is typed. `wait` is for what runs beside them.
  const lines = commands.map((each) => `cat <<'END'\n# ${each}\nEND\n${each}`);
  writeFileSync(at('commands.sh'), `exec >${output} 2>&1\n${lines.join('\n')}\nstatus=$?\nwait\nexit $status\n`);
  const env = {
    ...process.env,
    ...more,
    PATH: `${folder}${delimiter}${process.env['PATH']}`,
    CONTAINERD_ADDRESS: socket,
  };
  const { status } = spawnSync('bash', ['commands.sh'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 60_000,
  });
  const text = readFileSync(output, 'utf8');
  if (status !== 0) throw new Error(`status ${status}:\n${text}`);
  return text;
}

function tidied(text: string): string {
  return text
    .replaceAll(`${process.execPath} ${command}`, 'ttrpc')
    .replaceAll(folder, '/run/my')
    .replace(/ {2}(?=\/run)/g, ' ')
    .trimEnd();
}
