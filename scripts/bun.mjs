import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './npm.mjs';

const ARCHES = { x64: 'x64', arm64: 'aarch64' };

/**
 * Bun, `{ version, path }`: it comes as an npm package and is installed into `folder`. Undefined where this platform has
 * no package for it, or where its program does not run.
 */
export async function bun(folder) {
  const arch = ARCHES[process.arch];
  if (process.platform !== 'linux' || arch === undefined) return undefined;
  const name = `@oven/bun-linux-${arch}`;
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: { [name]: '1' } }));
  try {
    await npm(['install', '--ignore-scripts'], folder);
    const path = join(folder, 'node_modules', name, 'bin', 'bun');
    if (!existsSync(path)) return undefined;
    return { version: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim(), path };
  } catch (error) {
    console.log(`consumers: ${name}: ${error.message}`);
    return undefined;
  }
}
