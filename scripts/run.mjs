import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder, with a slash at its end. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** The file of a program that a dev dependency brings (`bin('typescript', 'tsc')`). */
export function bin(packageName, program) {
  const folder = join(root, 'node_modules', packageName);
  const { bin: programs } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof programs === 'string' ? programs : programs[program]);
}

/** Runs a Node program in the root folder. Throws an error when it does not end with status 0. */
export async function run(file, args, options = {}) {
  const child = spawn(process.execPath, [file, ...args], { cwd: root, stdio: 'inherit', ...options });
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (...end) => resolve(end));
  });
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: ended with ${signal ?? `status ${code}`}`);
}
