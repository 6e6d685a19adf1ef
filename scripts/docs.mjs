// Runs a program of the site's folder, which has packages of its own: installs them first where they are not as in its lock.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './npm.mjs';
import { root, run } from './run.mjs';

const [program, ...args] = process.argv.slice(2);
const site = join(root, 'site');
const lock = readFileSync(join(site, 'package-lock.json'), 'utf8');
/** The lock that the installed packages are of. */
const installed = join(site, 'node_modules/.installed-lock.json');
if (!existsSync(installed) || readFileSync(installed, 'utf8') !== lock) {
  await npm(['ci'], site);
  writeFileSync(installed, lock);
}
await run(join(site, program), args);
