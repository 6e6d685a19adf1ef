import { spawn, type ChildProcess } from 'node:child_process';
import { text } from 'node:stream/consumers';

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
  /** True while a process of its group lives. */
  groupLives(): boolean;
}

/** Starts a program whose output is collected. */
export function startProgram(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string | undefined> } = {},
): Program {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  let wake = (): void => undefined;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    wake();
  });
  const stderr = text(child.stderr);
  const ended = new Promise<ProgramEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      void stderr.then((errors) => resolve({ status, signal, stdout: output, stderr: errors }));
    });
  });
  return {
    child,
    ended,
    async shows(wanted) {
      let over = false;
      void ended.then(() => {
        over = true;
        wake();
      });
      while (!output.includes(wanted)) {
        if (over) throw new Error(`${command} ended without showing ${JSON.stringify(wanted)}: ${await report(ended)}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    groupLives() {
      try {
        process.kill(-(child.pid ?? 0), 0);
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** Runs a program to its end. */
export function runProgram(...args: Parameters<typeof startProgram>): Promise<ProgramEnd> {
  return startProgram(...args).ended;
}

async function report(ended: Promise<ProgramEnd>): Promise<string> {
  return JSON.stringify(await ended);
}
