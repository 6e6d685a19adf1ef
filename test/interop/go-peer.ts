import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Driver, ServerPeer } from './peer.js';
import { Program } from './program.js';

const run = promisify(execFile);
const moduleFolder = fileURLToPath(new URL('go', import.meta.url));
/** Ignored by git; one folder for each state of the sources and each Go version. */
const binFolder = join(moduleFolder, 'bin');

/** What `go version` says, or undefined where there is no Go. */
export async function goVersion(): Promise<string | undefined> {
  try {
    // In the module's folder, since its go.mod may ask for another toolchain.
    return (await run('go', ['version'], { cwd: moduleFolder })).stdout.trim();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}

let built: Promise<string> | undefined;

/**
 * The path of a program of test/interop/go/cmd, built with `go build` unless these sources are built already. Rejects
 * with the compiler's words, or when there is no Go.
 */
export async function goProgram(
  name: 'server' | 'client' | 'schema' | 'deadlines' | 'reflect' | 'agent',
): Promise<string> {
  built ??= build();
  return join(await built, name);
}

async function build(): Promise<string> {
  const version = await goVersion();
  if (version === undefined) throw new Error('no Go toolchain: there is no "go" in PATH');
  const folder = join(binFolder, await sourceHash(version));
  if (existsSync(folder)) return folder;
  await mkdir(binFolder, { recursive: true });
  const fresh = await mkdtemp(join(binFolder, 'building-'));
  try {
    await run('go', ['build', '-o', `${fresh}/`, './cmd/...'], { cwd: moduleFolder });
    // In one step: others may build the same at the same time, and whoever comes second finds it done.
    await rename(fresh, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  await removeOlder(folder);
  return folder;
}

/** What earlier states of the sources gave. */
async function removeOlder(folder: string): Promise<void> {
  for (const name of await readdir(binFolder)) {
    const each = join(binFolder, name);
    if (each !== folder && !name.startsWith('building-')) await rm(each, { recursive: true, force: true });
  }
}

async function sourceHash(version: string): Promise<string> {
  const hash = createHash('sha256').update(version);
  const files = (await readdir(moduleFolder, { recursive: true }))
    .filter((file) => /^(cmd|internal|interopv1|grpctesting)\b.*\.go$|^go\.(mod|sum)$/.test(file))
    .sort();
  for (const file of files) hash.update(`\0${file}\0`).update(await readFile(join(moduleFolder, file)));
  return hash.digest('hex').slice(0, 16);
}

/** Starts the Go server at `address` (unix:///path). */
export async function startGoServer(address: string): Promise<ServerPeer> {
  const [program, ready] = await Program.start('go server', await goProgram('server'), ['-addr', address]);
  return new ServerPeer('go', String(ready['address']), program);
}

/** Starts the Go driver. */
export async function startGoDriver(): Promise<Driver> {
  const [program] = await Program.start('go client', await goProgram('client'), []);
  return new Driver('go', program);
}

/** Starts the Go codec: it encodes and decodes messages by a FileDescriptorSet. */
export async function startGoCodec(): Promise<Program> {
  const [program] = await Program.start('go schema', await goProgram('schema'), []);
  return program;
}
