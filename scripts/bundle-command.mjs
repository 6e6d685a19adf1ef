// Puts the `ttrpc` command into one file with all that it needs: Node takes some 20 ms to find, read and link the modules
// of protobufjs, and 2 ms for this. CommonJS, since Node's loader of ES modules takes as long as half the command.
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, posix, relative } from 'node:path';
import { transformSync } from '@swc/core';
import { rollup } from 'rollup';
import { root } from './run.mjs';
import { swcOptions } from './typescript/swc-options.mjs';

const require = createRequire(import.meta.url);
const ENTRY = join(root, 'src/cli/main.ts');
/** What of protobufjs is imported, by the name of the file in its package. */
const PROTOBUFJS = { protobufjs: 'index.js', 'protobufjs/ext/descriptor.js': 'ext/descriptor.js' };

/** Writes the command to `file`, executable. */
export async function bundleCommand(file) {
  const bundled = await rollup({
    input: ENTRY,
    external: (id) => id.startsWith('node:'),
    plugins: [sources, protobufjs()],
    onwarn({ code, message }) {
      if (code !== 'CIRCULAR_DEPENDENCY') throw new Error(`rollup: ${message}`);
    },
  });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  await bundled.write({
    file,
    format: 'cjs',
    interop: 'auto',
    externalLiveBindings: false,
    banner: `#!/usr/bin/env node\n${licenses()}\nconst TTRPC_VERSION = ${JSON.stringify(version)};`,
  });
  await bundled.close();
  chmodSync(file, 0o755);
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
    const options = { ...swcOptions, sourceMaps: false, filename: id };
    return { code: transformSync(readFileSync(id, 'utf8'), options).code, map: null };
  },
};

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
