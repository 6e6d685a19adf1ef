import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';

/** A list of cores as `taskset` takes it, or undefined: whatever the system gives. */
export type Cores = string | undefined;

/**
 * Halves of this machine's cores, for a server and for its client: what the client takes is not taken from the server then.
 * Undefined where that cannot be had, with one core or without `taskset`.
 */
export async function halves(): Promise<{ server: Cores; client: Cores }> {
  const all = availableParallelism();
  const half = Math.floor(all / 2);
  try {
    if (half === 0) return { server: undefined, client: undefined };
    const [server, client] = [list(0, half), list(half, all)];
    await promisify(execFile)('taskset', ['-c', client, 'true']);
    return { server, client };
  } catch {
    return { server: undefined, client: undefined };
  }
}

/** A command that runs on `cores`. */
export function onCores(cores: Cores, command: readonly string[]): string[] {
  return cores === undefined ? [...command] : ['taskset', '-c', cores, ...command];
}

function list(from: number, to: number): string {
  return to - from === 1 ? String(from) : `${from}-${to - 1}`;
}
