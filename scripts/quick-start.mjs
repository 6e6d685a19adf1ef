// The README's quick start, as a reader follows it: a new application of Nest's CLI, the install line, each block pasted
// character by character, the commands.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { npm } from './npm.mjs';
import { output } from './output.mjs';
import { root } from './run.mjs';

const LIMIT_MS = 120_000;
const SERVER = 'dist/main.js';
const CLIENT = 'dist/client.js';

/** The new applications: `major` of Nest, and the kind of modules that its CLI sets up. */
export const quickStarts = [
  { name: 'nest11-new', major: 11, modules: 'commonjs' },
  { name: 'nest12-new', major: 12, modules: 'esm' },
];

/** Makes the application in `folder`, installs the tarball where the README says `nestjs-ttrpc`, pastes and builds. */
export async function makeQuickStart({ name, major, modules }, tarball, folder) {
  const { files, commands } = readQuickStart(modules);
  const install = commands.find((command) => command.startsWith('npm install ') && command.includes(`@${major}`));
  const missing = ['npm run build', `node ${SERVER}`, `node ${CLIENT}`].filter(
    (command) => !commands.includes(command),
  );
  if (!install || missing.length > 0) {
    throw new Error(
      `README.md, quick start: no line installs Nest ${major}, or these are missing: ${missing.join(', ')}`,
    );
  }
  const project = join(folder, name);
  const newArgs = ['new', name, '--skip-install', '--skip-git', '--package-manager', 'npm'];
  await npm(['exec', '--yes', '--package', `@nestjs/cli@${major}`, '--', 'nest', ...newArgs], folder);
  const words = install.split(' ').slice(2);
  await npm(['install', ...words.map((word) => (word === 'nestjs-ttrpc' ? tarball : word))], project);
  for (const [title, code] of files) {
    mkdirSync(dirname(join(project, title)), { recursive: true });
    writeFileSync(join(project, title), code);
  }
  await npm(['run', 'build'], project);
}

/** Starts the built server, runs the client, ends the server. Gives what the client printed; throws if it differs. */
export async function runQuickStart({ name, modules }, folder, node) {
  const project = join(folder, name);
  rmSync(join(project, 'hello.sock'), { force: true });
  const options = { cwd: project, timeout: LIMIT_MS, killSignal: 'SIGKILL' };
  const server = spawn(node, [SERVER], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => server.once('close', (code, signal) => resolve(signal ?? code)));
  try {
    await shows(server, ended, 'successfully started');
    const text = await output(node, [CLIENT], { cwd: project, limitMs: LIMIT_MS });
    const lines = text.split('\n').filter((line) => line !== '' && !line.includes('[Nest]'));
    const expected = promised(readQuickStart(modules).files.get('src/client.ts'));
    if (lines.join(' ') !== expected) throw new Error(`the client printed\n${text}\nexpected\n${expected}`);
    server.kill('SIGTERM');
    const end = await ended;
    if (end !== 'SIGTERM') throw new Error(`the server ended with ${end}, expected SIGTERM`);
    return lines.join('\n');
  } finally {
    server.kill('SIGKILL');
  }
}

/** Runs the application's own tests: those that `nest new` has made, and those of docs/testing.md. */
export function testQuickStart({ name, modules }, folder) {
  const { files } = blocksOf(readFileSync(join(root, 'docs/testing.md'), 'utf8'), modules);
  const tests = [...files].filter(([title]) => title.endsWith('.spec.ts'));
  if (tests.length !== 2)
    throw new Error(`docs/testing.md: expected two tests of the quick start, got ${tests.length}`);
  for (const [title, code] of tests) writeFileSync(join(folder, name, title), code);
  return output('npm', ['test'], { cwd: join(folder, name), limitMs: LIMIT_MS * 2 });
}

/** The files of the quick start for one kind of modules, by name, and its commands without their comments. */
function readQuickStart(modules) {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  return blocksOf(readme.slice(readme.indexOf('\n## Quick start'), readme.indexOf('\n## Field names')), modules);
}

/** The titled blocks of a page for one kind of modules, by title, and its commands. */
function blocksOf(text, modules) {
  const files = new Map();
  const commands = [];
  for (const [, info, code] of text.matchAll(/^```(.*)\n([^]*?)^```$/gm)) {
    const title = /title="([^"]+)"/.exec(info)?.[1];
    const only = /modules="([^"]+)"/.exec(info)?.[1];
    if (title && (only ?? modules) === modules) files.set(title, code);
    if (info === 'sh') commands.push(...code.split('\n').map((line) => line.replace(/ *#.*/, '')));
  }
  return { files, commands };
}

function promised(code) {
  return [...code.matchAll(/\/\/ prints: (.*)$/gm)].map(([, text]) => text).join(' ');
}

/** Resolves when the program has printed `text`; rejects with all that it printed when it ends before. */
async function shows(program, ended, text) {
  let printed = '';
  const shown = new Promise((resolve) => {
    for (const stream of [program.stdout, program.stderr]) {
      stream.setEncoding('utf8').on('data', (piece) => {
        printed += piece;
        if (printed.includes(text)) resolve(true);
      });
    }
  });
  if ((await Promise.race([shown, ended])) !== true) throw new Error(`the server ended at once:\n${printed}`);
}
