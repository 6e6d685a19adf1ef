import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { TtrpcError } from '../../protocol/core/errors.js';
import { TtrpcStatus } from '../../protocol/core/status.js';
import type { ShimProcess, ShimRunner, StartedProcess } from './runner.js';

/**
 * Runs the processes of containers as plain processes of this machine, each in a process group of its own: no root file
 * system, no namespaces, no limits. For tests, and to begin from.
 */
export function plainProcesses(): ShimRunner {
  return { start: startPlainProcess };
}

function startPlainProcess({ process: wanted, stdio }: ShimProcess): Promise<StartedProcess> {
  const [command = '', ...args] = wanted.args ?? [];
  const env = Object.fromEntries(
    (wanted.env ?? []).map((each) => {
      const at = each.indexOf('=');
      return at < 0 ? [each, ''] : [each.slice(0, at), each.slice(at + 1)];
    }),
  );
  const cwd = wanted.cwd !== undefined && existsSync(wanted.cwd) ? wanted.cwd : '/';
  const [stdin, stdout, stderr] = stdio.map((fd) => fd ?? ('ignore' as const));
  const { uid, gid } = wanted.user ?? {};
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env,
      cwd,
      detached: true,
      stdio: [stdin ?? 'ignore', stdout ?? 'ignore', stderr ?? 'ignore'],
      ...(uid ? { uid } : {}),
      ...(gid ? { gid } : {}),
    });
    const exited = new Promise<number>((ended) => {
      child.once('exit', (code, signal) => ended(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
    child.once('error', (cause) => {
      reject(
        new TtrpcError(TtrpcStatus.NOT_FOUND, `cannot start ${JSON.stringify(command)}: ${cause.message}`, { cause }),
      );
    });
    child.once('spawn', () => {
      const pid = child.pid as number;
      resolve({
        pid,
        exited,
        kill: (signal, all) => void process.kill(all ? -pid : pid, signal),
        pause: () => void process.kill(-pid, 'SIGSTOP'),
        resume: () => void process.kill(-pid, 'SIGCONT'),
      });
    });
  });
}
