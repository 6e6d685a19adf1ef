// Installs the packed tarball into projects of its users (test/consumers), each in an empty folder, and runs them on the
// oldest and the newest versions of Node, and on Bun. Ends with `N passed, N failed, N skipped`. Arguments are the names of
// projects: only these.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bun } from './bun.mjs';
import { nodes } from './nodes.mjs';
import { npm } from './npm.mjs';
import { output } from './output.mjs';
import { pack } from './pack.mjs';
import { makeQuickStart, quickStarts, runQuickStart, testQuickStart } from './quick-start.mjs';
import { root } from './run.mjs';

const NODES = ['20', '24', '26'];

/** What each supported version of Node does in a way of its own is tried on all of them. */
const MORE_NODES = ['22'];

const names = process.argv.slice(2);
const isWanted = ({ name }) => names.length === 0 || names.includes(name);

/**
 * `copies` come from the repository beside the template's own files. `types` are the ways to resolve modules under which
 * the types must hold: TypeScript's `module` and `moduleResolution`. `build` are the arguments of tsc. `programs` run on
 * each version of Node, and on Bun with the arguments that are named for it; `onAllNodes`: on those of `MORE_NODES`, too.
 */
const consumers = [
  {
    name: 'nest11-commonjs',
    // The specs of the seam run against both versions of Nest: here against Nest 11.
    copies: {
      'sample/greeter/greeter.proto': 'greeter.proto',
      'test/consumers/types.ts': 'src/types.ts',
      'test/unit/transport/nest-seam': 'src/nest-seam',
      'src/transport/nest-seam/metadata-keys.ts': 'src/nest-seam/metadata-keys.ts',
    },
    types: [
      ['commonjs', 'node10'],
      ['nodenext', 'nodenext'],
      ['preserve', 'bundler'],
    ],
    build: ['-p', 'tsconfig.build.json'],
    jest: true,
    programs: [{ file: 'dist/main.js' }],
  },
  {
    name: 'nest12-esm',
    // The sample is an application of this kind; its .proto file is looked for beside the compiled code.
    copies: {
      'sample/greeter': 'src',
      'sample/greeter/greeter.proto': 'dist/greeter.proto',
      'test/consumers/types.ts': 'src/types.ts',
    },
    types: [
      ['nodenext', 'nodenext'],
      ['preserve', 'bundler'],
    ],
    build: [],
    programs: [{ file: 'dist/main.js' }],
  },
  // The engine needs none of the packages that are for Nest.
  {
    name: 'protocol-script',
    install: ['--omit=peer'],
    absent: '@nestjs',
    programs: [{ file: 'greet.js' }, { file: 'reads.js', onBun: ['--any'] }],
    onAllNodes: true,
  },
  // Its tsconfig.json has no skipLibCheck, which is the compiler's default.
  {
    name: 'without-nest',
    absent: '@nestjs',
    copies: { 'sample/greeter/greeter.proto': 'greeter.proto' },
    types: [
      ['nodenext', 'nodenext'],
      ['preserve', 'bundler'],
    ],
    build: [],
    programs: [{ file: 'dist/main.js' }],
  },
].filter(isWanted);
const wantedQuickStarts = quickStarts.filter(isWanted);

const counts = { passed: 0, failed: 0, skipped: 0 };
const folder = mkdtempSync(join(tmpdir(), 'consumers-'));
try {
  const { tarball } = pack(folder);
  // All of them end before the folder goes away, whatever becomes of one.
  const [runtimes, withBun, ...installed] = await Promise.allSettled([
    nodes([...NODES, ...MORE_NODES], join(folder, 'nodes')),
    bun(join(folder, 'bun')),
    ...consumers.map((consumer) => install(consumer, tarball)),
  ]);
  for (const { reason } of [runtimes, withBun, ...installed]) if (reason) throw reason;
  reportMissing(runtimes.value, withBun.value);
  const usual = runtimes.value.filter(({ version }) => NODES.some((major) => isMajor(version, major)));
  await Promise.all(
    consumers.map((consumer) => check(consumer, consumer.onAllNodes ? runtimes.value : usual, withBun.value)),
  );
  await Promise.all(wantedQuickStarts.map((each) => checkQuickStart(each, tarball, usual)));
} catch (error) {
  counts.failed++;
  console.error(`consumers: ${error.message}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const line = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
if (process.env.TEST_SUMMARY_FILE) writeFileSync(process.env.TEST_SUMMARY_FILE, `${line}\n`);
else console.log(line);
if (counts.failed > 0 || (process.env.CI && counts.skipped > 0)) process.exitCode = 1;

async function install({ name, copies = {}, install = [], absent }, tarball) {
  const project = join(folder, name);
  cpSync(join(root, 'test/consumers', name), project, { recursive: true });
  for (const [from, to] of Object.entries(copies)) {
    mkdirSync(dirname(join(project, to)), { recursive: true });
    cpSync(join(root, from), join(project, to), { recursive: true, filter: (path) => !path.endsWith('tsconfig.json') });
  }
  await npm(['install', ...install, tarball], project);
  const { packages } = JSON.parse(readFileSync(join(project, 'node_modules/.package-lock.json'), 'utf8'));
  const versions = new Map(
    Object.entries(packages).map(([path, { version }]) => [path.replace('node_modules/', ''), version]),
  );
  if (absent && [...versions.keys()].some((each) => each.startsWith(absent))) {
    throw new Error(`${name}: ${absent} was installed`);
  }
  const shown = ['@nestjs/core', '@nestjs/microservices', 'typescript', 'jest', 'protobufjs']
    .filter((each) => versions.has(each))
    .map((each) => `${each} ${versions.get(each)}`);
  console.log(`${name}: ${versions.size} packages, among them ${shown.join(', ')}`);
}

function isMajor(version, major) {
  return version.startsWith(`v${major}.`);
}

function reportMissing(runtimes, withBun) {
  const { platform, arch } = process;
  for (const major of [...NODES, ...MORE_NODES]) {
    if (runtimes.some(({ version }) => isMajor(version, major))) continue;
    counts.skipped += consumers.length + wantedQuickStarts.length;
    console.log(`consumers: not run on Node ${major}: there is no package of it for ${platform} ${arch}`);
  }
  if (withBun === undefined) {
    counts.skipped += consumers.length;
    console.log(`consumers: not run on Bun: there is no package of it for ${platform} ${arch}`);
  }
}

async function check({ name, types = [], build, jest, programs }, runtimes, withBun) {
  const project = join(folder, name);
  const tsc = join(project, 'node_modules/typescript/bin/tsc');
  const run = (path, args) => output(path, args, { cwd: project });
  for (const [module, resolution] of types) {
    const args = [tsc, '--noEmit', '--skipLibCheck', 'false', '--module', module, '--moduleResolution', resolution];
    await one(`${name}: types with ${module} and ${resolution}`, () => typesHold(run, args));
  }
  if (build) await one(`${name}: build`, () => run(process.execPath, [tsc, ...build]));
  for (const { version, path } of runtimes) {
    if (jest) await one(`${name}: its own Jest on Node ${version}`, () => runJest(run, path, project));
    for (const { file } of programs) await one(`${name}: ${file} on Node ${version}`, () => run(path, [file]));
  }
  if (withBun === undefined) return;
  for (const { file, onBun = [] } of programs) {
    await one(`${name}: ${file} on Bun ${withBun.version}`, () => run(withBun.path, [file, ...onBun]));
  }
}

/** The README's quick start, pasted into a new application. */
async function checkQuickStart(each, tarball, runtimes) {
  await one(`${each.name}: the quick start, built`, async () => (await makeQuickStart(each, tarball, folder)) ?? '');
  for (const { version, path } of runtimes) {
    await one(`${each.name}: the quick start on Node ${version}`, () => runQuickStart(each, folder, path));
  }
  await one(`${each.name}: the application's own tests`, () => testQuickStart(each, folder));
}

/** Runs a check, shows what it says, and counts it: as many tests as it gives, else as one. */
async function one(title, action) {
  const begun = Date.now();
  let text;
  let tests = { passed: 1, failed: 0, skipped: 0 };
  try {
    const result = await action();
    if (typeof result === 'string') text = result;
    else ({ text, tests } = result);
  } catch (error) {
    text = error.message;
    tests = { passed: 0, failed: 1, skipped: 0 };
  }
  for (const kind of Object.keys(counts)) counts[kind] += tests[kind];
  console.log(`${tests.failed > 0 ? 'FAILED' : 'ok'} ${title} (${Date.now() - begun} ms)`);
  if (text.trim()) console.log(text.trim().replace(/^/gm, '    '));
}

/** Errors in the project and in our types count; what other packages get wrong is theirs. */
async function typesHold(run, args) {
  const text = await run(process.execPath, [...args, '--pretty', 'false']).catch((error) => {
    if (error.text === undefined) throw error;
    const ours = error.text.split('\n').filter((line) => /^(src|node_modules\/nestjs-ttrpc)\/|^error/.test(line));
    if (ours.length > 0) throw new Error(ours.join('\n'));
    if (!/^node_modules\/.*error TS/m.test(error.text)) throw error;
    return '';
  });
  return text;
}

/** Jest as a user runs it: no flags for Node. */
async function runJest(run, node, project) {
  const report = join(project, 'jest.json');
  rmSync(report, { force: true });
  const args = ['node_modules/jest/bin/jest.js', '--verbose', '--json', `--outputFile=${report}`];
  const text = await run(node, [...args, '--cacheDirectory=.jest']).catch((error) => error.message);
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  if (numPassedTests === 0) throw new Error(`no test passed:\n${text}`);
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  return { text: withoutJson(text), tests: { passed: numPassedTests, failed, skipped: numPendingTests } };
}

/** `--json` also writes the report to stdout, where a person reads. */
function withoutJson(text) {
  return text.replace(/^\{"numFailedTestSuites".*$/m, '').replace(/\n{3,}/g, '\n\n');
}
