import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const crateFolder = fileURLToPath(new URL('../../../bench/rust', import.meta.url));
/** Ignored by git. Cargo itself knows what is up to date. */
const targetFolder = join(crateFolder, 'target');

/** The path of the program of bench/rust. */
export const RUST_PROGRAM = join(targetFolder, 'release', 'bench-peer');

/** Builds the Rust peer; resolves with the version of cargo, or with undefined where there is none. */
export async function buildRust(): Promise<string | undefined> {
  const run = promisify(execFile);
  try {
    const { stdout } = await run('cargo', ['--version'], { cwd: crateFolder });
    await run('cargo', ['build', '--quiet', '--locked', '--release', '--target-dir', targetFolder], {
      cwd: crateFolder,
    });
    return stdout.trim();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}
