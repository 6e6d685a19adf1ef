// What the lock brings: the licences of all packages, the packages that users get, and what is known against them.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const ALLOWED = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC-BY-4.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
];
/** Their package.json names no licence; the file LICENSE does: MIT. */
const KNOWN = new Map([
  ['busboy', 'MIT'],
  ['streamsearch', 'MIT'],
]);
/** What a user of the package gets by itself; each has a line in SECURITY.md. */
const AT_RUN_TIME = ['long', 'protobufjs'];

const packagesOf = (lock) => Object.entries(JSON.parse(readFileSync(join(root, lock), 'utf8')).packages);
/** The docs' site has packages of its own, all of them for development. */
const packages = [...packagesOf('package-lock.json'), ...packagesOf('site/package-lock.json')];
const security = readFileSync(join(root, 'SECURITY.md'), 'utf8');
const problems = [];
const licences = new Map();
const atRunTime = [];
for (const [path, { license, dev, devOptional, peer, version, hasInstallScript }] of packages) {
  if (path === '') continue;
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const licence = license ?? KNOWN.get(name) ?? 'none';
  licences.set(licence, (licences.get(licence) ?? 0) + 1);
  if (licence.split(/[() ]+|AND|OR/).some((each) => each !== '' && !ALLOWED.includes(each))) {
    problems.push(`${name} ${version}: its licence is ${licence}; allowed are ${ALLOWED.join(', ')}`);
  }
  if (dev || devOptional || peer) continue;
  atRunTime.push(name);
  if (hasInstallScript) problems.push(`${name} ${version} runs a script when it is installed`);
  if (!security.includes(`| ${name} `)) problems.push(`SECURITY.md says nothing of ${name}`);
}
if (atRunTime.toSorted().join() !== AT_RUN_TIME.join()) {
  problems.push(`at run time there are ${atRunTime.join(', ')}; expected were ${AT_RUN_TIME.join(', ')}`);
}
for (const [licence, count] of [...licences].toSorted((a, b) => b[1] - a[1])) console.log(`${count} × ${licence}`);

const audit = spawnSync('npm', ['audit', '--json'], { cwd: root, encoding: 'utf8', timeout: 60_000 });
let counts;
try {
  counts = JSON.parse(audit.stdout).metadata?.vulnerabilities;
} catch {
  // No report: the line below says so.
}
if (!counts) console.log('npm audit: NOT CHECKED, the registry gives no report here');
else if (counts.total > 0) problems.push(`npm audit: ${JSON.stringify(counts)}`);
else console.log('npm audit: nothing is known');
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
