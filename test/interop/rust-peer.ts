import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Driver, ServerPeer } from './peer.js';
import { Program } from './program.js';

const run = promisify(execFile);
const crateFolder = fileURLToPath(new URL('rust', import.meta.url));
/** Ignored by git. */
const targetFolder = join(crateFolder, 'target');

/** What `cargo --version` says, or undefined where there is no cargo. */
export async function cargoVersion(): Promise<string | undefined> {
  try {
    return (await run('cargo', ['--version'], { cwd: crateFolder })).stdout.trim();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}

let built: Promise<unknown> | undefined;

/**
 * The path of a program of test/interop/rust. Cargo builds it unless these sources are built already, which it tells by
 * itself, and lets test files that ask at the same time wait for each other. Rejects with the compiler's words, or when
 * there is no cargo.
 */
export async function rustProgram(name: 'server' | 'client'): Promise<string> {
  built ??= run('cargo', ['build', '--quiet', '--locked', '--release', '--target-dir', targetFolder], {
    cwd: crateFolder,
  });
  await built;
  return join(targetFolder, 'release', name);
}

/** Starts the Rust server at `address` (unix:///path). */
export async function startRustServer(address: string): Promise<ServerPeer> {
  const [program, ready] = await Program.start('rust server', await rustProgram('server'), ['-addr', address]);
  return new ServerPeer('rust', String(ready['address']), program);
}

/** Starts the Rust driver. */
export async function startRustDriver(): Promise<Driver> {
  const [program] = await Program.start('rust client', await rustProgram('client'), []);
  return new Driver('rust', program);
}
