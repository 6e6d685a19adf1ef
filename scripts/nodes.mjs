import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './npm.mjs';

/**
 * The programs of these major versions of Node: `[{ version, path }]`, in the order given. The one that runs this is
 * taken where it fits; the others come as npm packages and are installed into `folder`. A version that this platform
 * has no package for is missing in the result.
 */
export async function nodes(majors, folder) {
  const [own] = process.versions.node.split('.');
  const found = new Map([[own, process.execPath]]);
  const wanted = majors.filter((major) => major !== own);
  if (process.platform === 'linux' && wanted.length > 0) {
    const dependencies = wanted.map((major) => [`node-${major}`, `npm:node-linux-${process.arch}@${major}`]);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: Object.fromEntries(dependencies) }));
    await npm(['install', '--ignore-scripts'], folder);
    for (const major of wanted) found.set(major, join(folder, 'node_modules', `node-${major}`, 'bin', 'node'));
  }
  return majors
    .filter((major) => found.has(major))
    .map((major) => {
      const path = found.get(major);
      const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim();
      if (!version.startsWith(`v${major}.`)) throw new Error(`${path} is ${version}, expected Node ${major}`);
      return { version, path };
    });
}
