import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { call } from './client/call.js';

/** How long the server may take to end, in ms. */
const STOP_MS = 10_000;

/** Runs the server in a process of its own and calls it from this one. Rejects when either of them fails. */
export async function both(): Promise<void> {
  const interruption = new Interruption();
  const folder = mkdtempSync(join(tmpdir(), 'greeter-'));
  // However this process ends.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const url = `unix://${join(folder, 'greeter.sock')}`;
  // fork() makes a channel between the two, by which the server says that it listens and learns when this process ends.
  const server = fork(fileURLToPath(new URL('main.js', import.meta.url)), ['serve', url]);
  const ended = end(server);
  const trouble = Promise.race([interruption.promise, ended.then(tooEarly)]);
  let failure: { error: unknown } | undefined;
  try {
    await Promise.race([once(server, 'message'), trouble]);
    await Promise.race([call(url), trouble]);
  } catch (error) {
    failure = { error };
  }
  const how = await stop(server, ended);
  // Ctrl-C ends the server, too, and the client may notice that first.
  interruption.check();
  if (failure) throw failure.error;
  if (how !== 'status 0') throw new Error(`the server did not end well: ${how}`);
}

/** A wish that this process ends. It does not end it by itself: the server has to be stopped before. */
class Interruption {
  #error: Error | undefined;

  /** Rejects when the wish comes. */
  readonly promise = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => reject((this.#error = new Error(`interrupted by ${signal}`))));
    }
  });

  /** Throws the error of a wish that has come. */
  check(): void {
    if (this.#error) throw this.#error;
  }
}

/** How the server's process ended. */
async function end(server: ChildProcess): Promise<string> {
  const [code, signal] = (await once(server, 'exit')) as [number | null, string | null];
  return signal ?? `status ${code}`;
}

function tooEarly(how: string): never {
  throw new Error(`the server ended too early: ${how}`);
}

async function stop(server: ChildProcess, ended: Promise<string>): Promise<string> {
  const patience = setTimeout(() => server.kill('SIGKILL'), STOP_MS);
  server.kill('SIGTERM');
  try {
    return await ended;
  } finally {
    clearTimeout(patience);
  }
}
