import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './run.mjs';

/**
 * Packs what `npm run build` made into `folder`. Gives the tarball's path, its sizes in bytes, and its files
 * (`{ path, size }`).
 */
export function pack(folder) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const report = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
  const [{ filename, size, unpackedSize, files }] = Object.values(report);
  return { tarball: join(folder, filename), size, unpackedSize, files };
}
