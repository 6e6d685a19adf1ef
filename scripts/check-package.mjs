// Packs what `npm run build` made and looks at the tarball as its users will: publint, attw, both module formats
// loaded by Node, and the types of both checked in full.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import ts from 'typescript';
import { checkLoading } from './package/check-loading.mjs';
import { pack } from './pack.mjs';
import { bin, root, run } from './run.mjs';

const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = Object.entries(exports).flatMap(([path, target]) =>
  typeof target === 'string' ? [] : path.replace('.', name),
);
const folder = mkdtempSync(join(tmpdir(), 'package-'));
try {
  const tarball = packed();
  await run(bin('publint', 'publint'), ['run', tarball, '--strict']);
  await run(bin('@arethetypeswrong/cli', 'attw'), [tarball]);
  const consumer = install(tarball);
  await load(consumer);
  checkLoading(consumer);
  checkTypes(consumer);
  console.log('package: ok');
} catch (error) {
  console.error(`package: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function packed() {
  const { tarball, size, unpackedSize, files } = pack(folder);
  const paths = files.map((file) => file.path);
  show(files);
  console.log(`package: ${files.length} files, ${kib(size)} packed, ${kib(unpackedSize)} unpacked`);
  for (const wanted of ['LICENSE', 'README.md', 'CHANGELOG.md', 'dist/esm/index.js', 'dist/cjs/index.js']) {
    if (!paths.includes(wanted)) throw new Error(`${wanted} is not in the tarball`);
  }
  const stray = paths.find((path) => /(^|\/)(test|sample|bench|scripts)\/|\.tsbuildinfo$|\.test\./.test(path));
  if (stray) throw new Error(`${stray} should not be in the tarball`);
  return tarball;
}

/** Prints a line for each folder: its size and its modules. `a` stands for a.js and a.d.ts, with a map or without. */
function show(files) {
  const folders = new Map();
  for (const file of files) {
    const path = posix.dirname(file.path);
    folders.set(path, [...(folders.get(path) ?? []), file]);
  }
  for (const [path, inside] of [...folders].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const names = new Set(inside.map((file) => posix.basename(file.path).replace(/(\.d\.ts|\.js)(\.map)?$/, '')));
    const size = inside.reduce((sum, file) => sum + file.size, 0);
    console.log(`  ${path}/  ${inside.length} files, ${kib(size)}: ${[...names].sort().join(' ')}`);
  }
}

function kib(bytes) {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}

/** Unpacks the tarball as a dependency of a project whose other packages are the ones installed here. */
function install(tarball) {
  const consumer = join(folder, 'consumer');
  const modules = join(consumer, 'node_modules');
  mkdirSync(join(modules, name), { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', join(modules, name), '--strip-components=1']);
  for (const entry of readdirSync(join(root, 'node_modules'))) {
    if (!entry.startsWith('.')) symlinkSync(join(root, 'node_modules', entry), join(modules, entry));
  }
  return consumer;
}

/** Loads every entry in both formats; they must give the same names. */
async function load(consumer) {
  const print =
    'console.log(JSON.stringify(Object.keys(m).filter((k) => k !== "default" && k !== "module.exports").sort()))';
  for (const entry of entries) {
    const esm = join(consumer, 'load.mjs');
    const cjs = join(consumer, 'load.cjs');
    writeFileSync(esm, `import 'reflect-metadata';\nimport * as m from '${entry}';\n${print}\n`);
    writeFileSync(cjs, `require('reflect-metadata');\nconst m = require('${entry}');\n${print}\n`);
    const [fromEsm, fromCjs] = [esm, cjs].map((file) => names(file));
    if (fromEsm.length === 0) throw new Error(`${entry} exports nothing`);
    if (fromEsm.join() !== fromCjs.join()) {
      throw new Error(`${entry}: ES module exports ${fromEsm.join(', ')}; CommonJS exports ${fromCjs.join(', ')}`);
    }
    console.log(`package: ${entry} loads as ES module and as CommonJS, ${fromEsm.length} exports`);
  }
}

function names(file) {
  // Node warns about require() of an ES module: Nest 12 has only these.
  const args = ['--disable-warning=ExperimentalWarning', file];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

/** Checks our .d.ts files in full: `skipLibCheck`, which users set, hides their errors and turns types into any. */
function checkTypes(consumer) {
  for (const extension of ['mts', 'cts']) {
    const file = join(consumer, `types.${extension}`);
    const imports = entries.map((entry, i) => `import * as m${i} from '${entry}';\nexport { m${i} };\n`);
    writeFileSync(file, imports.join(''));
    const program = ts.createProgram([file], {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      types: ['node'],
      strict: true,
      experimentalDecorators: true,
      skipLibCheck: false,
      noEmit: true,
    });
    const ours = ts
      .getPreEmitDiagnostics(program)
      .filter(
        ({ file }) =>
          !file ||
          file.fileName.startsWith(`${consumer}/node_modules/${name}/`) ||
          file.fileName.startsWith(`${consumer}/types`),
      );
    if (ours.length > 0) {
      const host = {
        getCanonicalFileName: (path) => path,
        getCurrentDirectory: () => consumer,
        getNewLine: () => '\n',
      };
      throw new Error(`types of the ${extension} consumer:\n${ts.formatDiagnostics(ours, host)}`);
    }
  }
  console.log('package: types check without skipLibCheck');
}
