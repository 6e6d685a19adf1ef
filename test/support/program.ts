import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** How a program ended. */
export interface ProgramEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that a test has started, alone in its process group. */
export interface Program {
  readonly child: ChildProcess;
  /** Resolves when it has ended and all that held its output with it. */
  readonly ended: Promise<ProgramEnd>;
  /** Resolves when the output has `text` in it; rejects when the program ends without it. */
  shows(text: string): Promise<void>;
  /** As {@link shows}, of its standard error. */
  complains(text: string): Promise<void>;
  /** What it has written to its standard output so far. */
  output(): string;
  /** Kills it if it still runs; resolves when it has ended. */
  kill(): Promise<ProgramEnd>;
  /** The processes of its group that live, itself included. */
  left(): number[];
}

/** Starts a program whose output is collected. `descriptor` (0 or more) becomes its descriptor 3; `uid` needs root. */
export function startProgram(
  command: string,
  args: readonly string[],
  options: {
    cwd?: string;
    env?: Record<string, string | undefined>;
    stdin?: 'open';
    descriptor?: number;
    uid?: number;
  } = {},
): Program {
  const child = spawn(command, args, {
    cwd: options.cwd,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe', ...((options.descriptor ?? -1) < 0 ? [] : [options.descriptor])],
    detached: true,
  }) as ChildProcessWithoutNullStreams;
  if (options.stdin !== 'open') child.stdin.end();
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  let over = false;
  const ended = new Promise<ProgramEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      over = true;
      resolve({ status, signal, stdout: output, stderr: errors });
    });
  });
  const has = async (stream: Readable, wanted: string, written: () => string): Promise<void> => {
    while (!written().includes(wanted)) {
      if (over) throw new Error(`${command} ended without ${JSON.stringify(wanted)}: ${JSON.stringify(await ended)}`);
      await Promise.race([once(stream, 'data'), ended]);
    }
  };
  return {
    child,
    ended,
    shows: (wanted) => has(child.stdout, wanted, () => output),
    complains: (wanted) => has(child.stderr, wanted, () => errors),
    output: () => output,
    kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      return ended;
    },
    left: () => membersOfGroup(child.pid ?? 0),
  };
}

/** Runs a program to its end. */
export function runProgram(...args: Parameters<typeof startProgram>): Promise<ProgramEnd> {
  return startProgram(...args).ended;
}

/** Zombies do not count: one whose parent is gone may wait for long until the system takes it. */
function membersOfGroup(group: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    let stat: string;
    try {
      stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    } catch {
      return false;
    }
    // Behind the command's name, which may have anything in it: state, parent, group.
    const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state !== 'Z' && Number(itsGroup) === group;
  });
}
