// Bundles the `ttrpc` command with all that it needs: Node takes some 20 ms to find, read and link the modules of
// protobufjs, and 2 ms for this. CommonJS, since Node's loader of ES modules takes as long as half the command.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { basename, dirname, join, posix, relative } from 'node:path';
import { minifySync, transformSync } from '@swc/core';
import { rollup } from 'rollup';
import { root } from './run.mjs';
import { swcOptions } from './typescript/swc-options.mjs';

const require = createRequire(import.meta.url);
const CLI = join(root, 'src/cli');
/** What the command begins with. */
const LOADER = join(root, 'scripts/command-loader.cjs');
/** What makes code for each message type, for programs that read many of them. */
const OWN_CODE = join(root, 'src/schema/codec/own-code.ts');
/** What an idle client keeps for V8: a command does not idle. */
const CALL_SAMPLE = join(root, 'src/protocol/client/call-sample.ts');
/** The module by which the sources load what not every program has. */
const OPTIONAL = join(root, 'src/protocol/core/optional-package.ts');

/**
 * Which modules are read together, each lot at its first use: the first that fits. What fits none Rollup places itself.
 * The names become variables that nothing else is called by.
 */
const PARTS = Object.entries({
  'part-protobufjs': /\0protobufjs$/,
  'part-core': /\/src\/protocol\/core\//,
  // What a call dials with.
  'part-socket': /\/src\/protocol\/(?:socket\/|wire\/(?:retain|wire)\.ts)/,
  'part-wire': /\/src\/protocol\/wire\//,
  'part-nri': /\/src\/nri\//,
  'part-engine': /\/src\/protocol\//,
  'part-schema': /\/src\/schema\//,
  'part-frame-text': /\/src\/cli\/wire\/frame-text/,
  'part-json': /\/src\/cli\/json\/(?:from|to)-json/,
});

/** Writes the command to `file`, executable, and beside it a folder with its chunks: Node reads what a run needs. */
export async function bundleCommand(file) {
  const names = readdirSync(join(CLI, 'commands')).filter((name) => name !== 'index.ts');
  const commands = Object.fromEntries(names.map((name) => [basename(name, '.ts'), join(CLI, 'commands', name)]));
  const bundled = await rollup({
    input: { main: join(CLI, 'main.ts'), ...commands },
    external: (id) => id.startsWith('node:'),
    plugins: [sources, protobufjs()],
    onwarn({ code, message }) {
      if (code !== 'CIRCULAR_DEPENDENCY') throw new Error(`rollup: ${message}`);
    },
  });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { output } = await bundled.generate({
    format: 'cjs',
    interop: 'auto',
    exports: 'named',
    externalLiveBindings: false,
    entryFileNames: '[name]',
    chunkFileNames: 'chunk-[name]',
    manualChunks: (id) => PARTS.find(([, modules]) => modules.test(id))?.[0],
    onlyExplicitManualChunks: true,
    hoistTransitiveImports: false,
  });
  await bundled.close();
  const folder = join(dirname(file), basename(file, '.cjs'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const build = createHash('sha256');
  for (const { fileName, code } of output) {
    const named = withLoadsAtFirstUse(code).replace(/require\((["'])\.\/([\w-]+)\1\)/g, "require('./$2.cjs')");
    const text = `${withoutComments(named)}\n`;
    writeFileSync(join(folder, `${fileName}.cjs`), text);
    build.update(text);
  }
  const text = [
    `#!/usr/bin/env node\n${licenses()}`,
    `globalThis.TTRPC_VERSION = ${JSON.stringify(version)};`,
    `const [FOLDER, BUILD] = ${JSON.stringify([basename(folder), build.digest('hex').slice(0, 16)])};`,
    withoutComments(readFileSync(LOADER, 'utf8')),
  ];
  writeFileSync(file, `${text.join('\n')}\n`);
  chmodSync(file, 0o755);
}

/**
 * What is loaded where something of it is used first, instead of at the top of what uses it. Modules of Node that take
 * some ms and that few runs need; the parts, so that a call dials before it loads what messages need, and a list of a file
 * loads no sockets.
 */
const LATER = /^(?:var|const) (node_(?:crypto|http2)|part\w+) = (require\(["'][^"']+["']\));$/gm;

function withLoadsAtFirstUse(code) {
  return [...code.matchAll(LATER)].reduce((text, [declaration, name, load]) => {
    const uses = text.split(new RegExp(`\\b${name}\\b`)).length - 2;
    const properties = text.split(`${name}.`).length - 1;
    if (uses !== properties) throw new Error(`${name} is used as a whole, or as a name of something else`);
    return text.replace(declaration, `let ${name};`).replaceAll(`${name}.`, `(${name} ??= ${load}).`);
  }, code);
}

/** A third of the text: Node reads all of it at each start. Names of functions stay, for stack traces. */
function withoutComments(code) {
  const keep = { keep_classnames: true, keep_fnames: true };
  const options = { compress: { defaults: false, ...keep }, mangle: keep, module: false, ecma: 2022 };
  return minifySync(code, { ...options, format: { comments: false, asciiOnly: true } }).code;
}

const NO_SAMPLE = ['Calls', 'Streams', 'ClientCall'].map((of) => `export const sample${of} = () => [];`).join('\n');

const sources = {
  name: 'sources',
  resolveId(id, importer) {
    if (!id.startsWith('.') || importer === undefined) return undefined;
    const file = join(dirname(importer), id).replace(/\.js$/, '.ts');
    return existsSync(file) ? file : undefined;
  },
  load(id) {
    if (!id.endsWith('.ts')) return undefined;
    if (id === OPTIONAL) return 'export const loadOptional = () => undefined;';
    if (id === CALL_SAMPLE) return NO_SAMPLE;
    if (id === OWN_CODE) return 'export const ownCode = () => undefined;';
    const options = { ...swcOptions, sourceMaps: false, filename: id };
    return { code: transformSync(readFileSync(id, 'utf8'), options).code, map: null };
  },
};

/** protobufjs's modules as functions in a table, each run when it is required first. */
function protobufjs() {
  const INDEX = 'protobufjs/index.js';
  return {
    name: 'protobufjs',
    resolveId: (id) => (id === 'protobufjs' ? `\0${id}` : undefined),
    load(id) {
      if (id !== '\0protobufjs') return undefined;
      return `${tableOf(modulesFrom(INDEX))}\nexport default __load('${INDEX}');\n`;
    },
  };
}

/** The code of a module of protobufjs and of all that it requires, by their names. */
function modulesFrom(first) {
  const folder = dirname(require.resolve('protobufjs/package.json'));
  const modules = new Map();
  const open = [first];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (modules.has(name)) continue;
    const path = name === 'long' ? require.resolve('long') : join(folder, relative('protobufjs', name));
    const text = readFileSync(path, 'utf8');
    const code = text.replace(/\brequire\((?:\/\*.*?\*\/ *)?"([^"]+)"\)/g, (whole, wanted) => {
      if (wanted === 'fs') return 'require("node:fs")';
      const other = wanted === 'long' ? 'long' : resolved(folder, name, wanted);
      if (other === undefined) return whole;
      open.push(other);
      return `__load(${JSON.stringify(other)})`;
    });
    // Without it long.js computes in JavaScript; starting WebAssembly takes a millisecond.
    modules.set(name, name === 'long' ? `const WebAssembly = undefined;\n${code}` : code);
  }
  return modules;
}

function tableOf(modules) {
  const entries = [...modules].map(([name, code]) => `${JSON.stringify(name)}(module, exports, __load) {\n${code}\n}`);
  return [
    `const modules = {\n${entries.join(',\n')}\n};`,
    'const loaded = new Map();',
    'function __load(name) {',
    '  const known = loaded.get(name);',
    '  if (known !== undefined) return known.exports;',
    '  const module = { exports: {} };',
    '  loaded.set(name, module);',
    '  modules[name].call(module.exports, module, module.exports, __load);',
    '  return module.exports;',
    '}',
  ].join('\n');
}

/** The module that `name` means by `wanted`; undefined for what is only in a comment. */
function resolved(folder, name, wanted) {
  const path = posix.join(posix.dirname(name), wanted);
  return [path, `${path}.js`, `${path}/index.js`].find(
    (each) => each.endsWith('.js') && existsSync(join(folder, relative('protobufjs', each))),
  );
}

/** The licences of what is in the file beside our own code. */
function licenses() {
  const texts = ['protobufjs', 'long'].map((name) => {
    const folder = dirname(require.resolve(name === 'long' ? 'long' : 'protobufjs/package.json'));
    const file = [join(folder, 'LICENSE'), join(folder, '../LICENSE')].find((each) => existsSync(each));
    return `This file contains ${name}:\n\n${readFileSync(file, 'utf8').trim()}`;
  });
  return `/*\n${texts.join('\n\n').replaceAll('*/', '* /')}\n*/`;
}
