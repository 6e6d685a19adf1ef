import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram, startProgram, type Program, type ProgramEnd } from './program.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Ignored by git; one file for each state of the sources. */
const FOLDER = join(ROOT, 'dist/command');

let built: Promise<string> | undefined;

/** The path of the `ttrpc` command, bundled as in the package, unless these sources are bundled already. */
export function builtCommand(): Promise<string> {
  return (built ??= build());
}

/** Runs the command to its end. */
export async function ttrpc(args: readonly string[], stdin?: string): Promise<ProgramEnd> {
  if (stdin === undefined) return runProgram(process.execPath, [await builtCommand(), ...args]);
  const program = await startTtrpc(args);
  program.child.stdin?.end(stdin);
  return program.ended;
}

/** Starts the command with its standard input open. */
export async function startTtrpc(args: readonly string[]): Promise<Program> {
  return startProgram(process.execPath, [await builtCommand(), ...args], { stdin: 'open' });
}

async function build(): Promise<string> {
  const hash = sourceHash();
  const folder = join(FOLDER, hash);
  const file = join(folder, 'ttrpc.cjs');
  if (existsSync(file)) return file;
  const fresh = join(FOLDER, `${hash}-${process.pid}`);
  mkdirSync(fresh, { recursive: true });
  // What other sources have left; not what other test files build of these at this moment.
  const old = readdirSync(FOLDER).filter((name) => !name.startsWith(hash));
  for (const name of old) rmSync(join(FOLDER, name), { recursive: true, force: true });
  const script = join(ROOT, 'scripts/build-command.mjs');
  const { status, stderr } = await runProgram(process.execPath, [script, join(fresh, 'ttrpc.cjs')]);
  if (status !== 0) throw new Error(`the command was not built: ${stderr}`);
  try {
    // In one step: another test file may build the same at the same time, and whoever comes second finds it done.
    renameSync(fresh, folder);
  } catch (error) {
    if (!existsSync(file)) throw error;
    rmSync(fresh, { recursive: true, force: true });
  }
  return file;
}

function sourceHash(): string {
  const hash = createHash('sha256');
  const files = ['src/cli', 'src/protocol', 'src/schema', 'src/nri', 'src/containerd'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(ROOT, folder, name)),
  );
  const scripts = ['bundle-command.mjs', 'command-loader.cjs'].map((name) => join(ROOT, 'scripts', name));
  files.push(...scripts, join(ROOT, 'package.json'));
  for (const file of files.sort()) hash.update(`\0${file}\0`).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}
