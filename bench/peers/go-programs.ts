import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const moduleFolder = fileURLToPath(new URL('../../../bench/go', import.meta.url));
/** Ignored by git. `go build` itself knows what is up to date. */
const binFolder = join(moduleFolder, 'bin');

/** The path of a program of bench/go/cmd. */
export function goProgram(name: 'server' | 'driver'): string {
  return join(binFolder, name);
}

/** Builds the Go peers; resolves with the version of Go, or with undefined where there is none. */
export async function buildGo(): Promise<string | undefined> {
  const run = promisify(execFile);
  try {
    const { stdout } = await run('go', ['version'], { cwd: moduleFolder });
    await run('go', ['build', '-o', `${binFolder}/`, './cmd/...'], { cwd: moduleFolder });
    return stdout.trim();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}
