import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Running, Subject } from './subject.js';

/** Starts a program that listens at a socket and says `ready`. */
export async function startServer({ command, name }: Subject, socket: string): Promise<Running> {
  const [program, ...args] = command as [string, ...string[]];
  const from = performance.now();
  const server = spawn(program, [...args, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(server, 'exit');
  const [first] = (await Promise.race([once(server.stdout, 'data'), ended])) as [unknown];
  const listening = performance.now() - from;
  if (String(first).trim() !== 'ready') throw new Error(`${name} says ${String(first)}, expected ready`);
  return {
    figures: { listening },
    pid: server.pid as number,
    async end() {
      server.kill('SIGKILL');
      await ended;
      return {};
    },
  };
}
