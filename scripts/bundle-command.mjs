// Puts the `ttrpc` command into one file with all that it needs: Node takes some 20 ms to find, read and link the modules
// of protobufjs, and 2 ms for this. CommonJS, since Node's loader of ES modules takes as long as half the command.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, posix, relative } from 'node:path';
import { minifySync, transformSync } from '@swc/core';
import { rollup } from 'rollup';
import { root } from './run.mjs';
import { swcOptions } from './typescript/swc-options.mjs';

const require = createRequire(import.meta.url);
const CLI = join(root, 'src/cli');
/** What of protobufjs is imported, by the name of the file in its package. */
const PROTOBUFJS = { protobufjs: 'index.js', 'protobufjs/ext/descriptor.js': 'ext/descriptor.js' };
/** The module by which the sources load what not every program has. */
const OPTIONAL = join(root, 'src/protocol/core/optional-package.ts');

/** Writes the command to `file`, executable: chunks in one file, each run when it is required first. */
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
    hoistTransitiveImports: false,
  });
  await bundled.close();
  const chunks = output.map(
    ({ fileName, code }) => `${JSON.stringify(`./${fileName}`)}(exports, require) {\n${withoutComments(code)}\n}`,
  );
  const text = [
    `#!/usr/bin/env node\n${licenses()}\n'use strict';\nconst TTRPC_VERSION = ${JSON.stringify(version)};`,
    `const chunks = {\n${chunks.join(',\n')}\n};`,
    'const loadedChunks = new Map();',
    'function requireChunk(name) {',
    '  if (chunks[name] === undefined) return require(name);',
    '  let exports = loadedChunks.get(name);',
    '  if (exports === undefined) {',
    '    loadedChunks.set(name, (exports = {}));',
    '    chunks[name](exports, requireChunk);',
    '  }',
    '  return exports;',
    '}',
    'const loadCommand = (name) => requireChunk(`./${name}`);',
    "requireChunk('./main');",
  ];
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${text.join('\n')}\n`);
  chmodSync(file, 0o755);
}

/** Half of the text: Node reads all of it at each start. */
function withoutComments(code) {
  const options = { compress: false, mangle: false, module: false, format: { comments: false, beautify: true } };
  return minifySync(code, { ...options, ecma: 2022 }).code;
}

const sources = {
  name: 'sources',
  resolveId(id, importer) {
    if (!id.startsWith('.') || importer === undefined) return undefined;
    const file = join(dirname(importer), id).replace(/\.js$/, '.ts');
    return existsSync(file) ? file : undefined;
  },
  load(id) {
    if (!id.endsWith('.ts')) return undefined;
    if (id === OPTIONAL) return OPTIONAL_IN_BUNDLE;
    const options = { ...swcOptions, sourceMaps: false, filename: id };
    return { code: transformSync(readFileSync(id, 'utf8'), options).code, map: null };
  },
};

/** What the bundle has of optional packages: an extension of protobufjs, which few runs need. */
const OPTIONAL_IN_BUNDLE = `import { __load } from '\0protobufjs';
export const loadOptional = (name) => (name.startsWith('protobufjs/') ? __load(name) : undefined);`;

/** protobufjs's modules as functions in one table, each run when it is required first. */
function protobufjs() {
  const TABLE = '\0protobufjs';
  const entries = new Map(Object.entries(PROTOBUFJS).map(([name, file]) => [`\0${name}`, file]));
  return {
    name: 'protobufjs',
    resolveId(id) {
      if (id === TABLE) return id;
      if (id === 'protobufjs') return '\0protobufjs-index';
      return id in PROTOBUFJS ? `\0${id}` : undefined;
    },
    load(id) {
      if (id === TABLE) return tableOfModules();
      const file = id === '\0protobufjs-index' ? PROTOBUFJS.protobufjs : entries.get(id);
      return file && `import { __load } from '${TABLE}';\nexport default __load('protobufjs/${file}');\n`;
    },
  };
}

function tableOfModules() {
  const folder = dirname(require.resolve('protobufjs/package.json'));
  const modules = new Map();
  const open = Object.values(PROTOBUFJS).map((file) => `protobufjs/${file}`);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (modules.has(name)) continue;
    const path = name === 'long' ? require.resolve('long') : join(folder, relative('protobufjs', name));
    const text = readFileSync(path, 'utf8');
    if (name.endsWith('.json')) {
      modules.set(name, `module.exports = ${text.trim()};`);
      continue;
    }
    const code = text.replace(/\brequire\((?:\/\*.*?\*\/ *)?"([^"]+)"\)/g, (whole, wanted) => {
      if (wanted === 'fs') return 'require("node:fs")';
      const other = wanted === 'long' ? 'long' : resolved(folder, name, wanted);
      if (other === undefined) return whole;
      open.push(other);
      return `__load(${JSON.stringify(other)})`;
    });
    modules.set(name, code);
  }
  const table = [...modules].map(([name, code]) => `${JSON.stringify(name)}(module, exports) {\n${code}\n}`);
  return [
    `const modules = {\n${table.join(',\n')}\n};`,
    'const loaded = new Map();',
    'export function __load(name) {',
    '  const known = loaded.get(name);',
    '  if (known !== undefined) return known.exports;',
    '  const module = { exports: {} };',
    '  loaded.set(name, module);',
    '  modules[name].call(module.exports, module, module.exports);',
    '  return module.exports;',
    '}',
  ].join('\n');
}

/** The module that `name` means by `wanted`; undefined for what is only in a comment. */
function resolved(folder, name, wanted) {
  const path = posix.join(posix.dirname(name), wanted);
  return [path, `${path}.js`, `${path}/index.js`].find(
    (each) => /\.js(on)?$/.test(each) && existsSync(join(folder, relative('protobufjs', each))),
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
