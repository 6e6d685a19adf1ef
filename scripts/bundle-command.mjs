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
/** The extension of protobufjs that knows descriptor.proto. */
const DESCRIPTOR = 'protobufjs/ext/descriptor.js';
/** What the command begins with. */
const LOADER = join(root, 'scripts/command-loader.cjs');
/** What stands for the types of descriptor.proto in the command. */
const PLAIN_TYPES = join(root, 'src/cli/schema/plain-types.ts');
/** What makes code for each message type, for programs that read many of them. */
const OWN_CODE = join(root, 'src/schema/codec/own-code.ts');
/** The module by which the sources load what not every program has. */
const OPTIONAL = join(root, 'src/protocol/core/optional-package.ts');

/** Writes the command to `file`, executable, and beside it a folder with its chunks: Node reads what a run needs. */
export async function bundleCommand(file) {
  const names = readdirSync(join(CLI, 'commands')).filter((name) => name !== 'index.ts');
  const commands = Object.fromEntries(names.map((name) => [basename(name, '.ts'), join(CLI, 'commands', name)]));
  const bundled = await rollup({
    input: { main: join(CLI, 'main.ts'), ...commands, descriptor: DESCRIPTOR },
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
  const folder = join(dirname(file), basename(file, '.cjs'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const build = createHash('sha256');
  for (const { fileName, code } of output) {
    const named = withBuiltinsAtFirstUse(code).replace(/require\((["'])\.\/([\w-]+)\1\)/g, "require('./$2.cjs')");
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

/** Modules of Node that take some ms and that few runs need. */
function withBuiltinsAtFirstUse(code) {
  return ['crypto', 'http2'].reduce((text, name) => {
    const declared = new RegExp(`^(?:var|const) node_${name} = require\\(["']node:${name}["']\\);$`, 'm');
    if (!declared.test(text)) return text;
    return text.replace(declared, '').replaceAll(new RegExp(`\\bnode_${name}\\.`, 'g'), `require('node:${name}').`);
  }, code);
}

/** A third of the text: Node reads all of it at each start. Names of functions stay, for stack traces. */
function withoutComments(code) {
  const keep = { keep_classnames: true, keep_fnames: true };
  const options = { compress: { defaults: false, ...keep }, mangle: keep, module: false, ecma: 2022 };
  return minifySync(code, { ...options, format: { comments: false, asciiOnly: true } }).code;
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
    if (id === OWN_CODE) return 'export const ownCode = () => undefined;';
    const options = { ...swcOptions, sourceMaps: false, filename: id };
    return { code: transformSync(readFileSync(id, 'utf8'), options).code, map: null };
  },
};

/** What the bundle has of optional packages: an extension of protobufjs, which few runs need, in a chunk of its own. */
const OPTIONAL_IN_BUNDLE = `export const loadOptional = (name) =>
  name === ${JSON.stringify(DESCRIPTOR)} ? loadCommand('descriptor') : undefined;`;

/** protobufjs's modules as functions in a table, each run when it is required first; those of its extension come later. */
function protobufjs() {
  const TABLE = '\0protobufjs-table';
  const EXPORTS = 'export default __load';
  return {
    name: 'protobufjs',
    resolveId(id) {
      if (id === TABLE) return id;
      return id === 'protobufjs' || id === DESCRIPTOR ? `\0${id}` : undefined;
    },
    load(id) {
      const base = modulesFrom('protobufjs/index.js');
      if (id === TABLE) return tableOf(base);
      if (id === '\0protobufjs') return `import { __load } from '${TABLE}';\n${EXPORTS}('protobufjs/index.js');\n`;
      if (id !== `\0${DESCRIPTOR}`) return undefined;
      const more = new Map([...modulesFrom(DESCRIPTOR)].filter(([name]) => !base.has(name)));
      const add = `Object.assign(__modules, {\n${entriesOf(more)}\n});`;
      const imports = `import { __load, __modules } from '${TABLE}';\nimport { plainTypes } from '${PLAIN_TYPES}';`;
      return `${imports}\n${add}\n${EXPORTS}('${DESCRIPTOR}');\n`;
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
    const read = readFileSync(path, 'utf8');
    const text = name === DESCRIPTOR ? withPlainTypes(read) : read;
    if (name.endsWith('.json')) {
      const json = name.endsWith('/descriptor.json') ? withoutUnused(text) : text.trim();
      modules.set(name, `module.exports = ${json};`);
      continue;
    }
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

/** The extension, with types that are made in no time. */
function withPlainTypes(code) {
  const made = /Root\.fromJSON\((require\("[^"]+\/descriptor\.json"\))\)\.lookup\("\.google\.protobuf"\);\n.*\n/;
  if (!made.test(code)) throw new Error(`${DESCRIPTOR} does not begin as it did`);
  return code.replace(
    `$protobuf.${made.exec(code)[0]}`,
    () => `plainTypes(${made.exec(code)[1]}.nested.google.nested.protobuf);\n`,
  );
}

/** descriptor.proto without what the command never looks at: where things stand in the source, and options of its own fields. */
function withoutUnused(text) {
  const json = JSON.parse(text);
  const { nested } = json.nested.google.nested.protobuf;
  const unused = ['SourceCodeInfo', 'GeneratedCodeInfo', 'FeatureSetDefaults', 'UninterpretedOption'];
  for (const name of unused) delete nested[name];
  for (const { fields } of Object.values(nested)) {
    for (const [name, { type }] of Object.entries(fields ?? {})) if (unused.includes(type)) delete fields[name];
  }
  for (const field of Object.values(nested.FeatureSet.fields)) delete field.options;
  return JSON.stringify(json);
}

function entriesOf(modules) {
  return [...modules]
    .map(([name, code]) => `${JSON.stringify(name)}(module, exports, __load) {\n${code}\n}`)
    .join(',\n');
}

function tableOf(modules) {
  return [
    `export const __modules = {\n${entriesOf(modules)}\n};`,
    'const loaded = new Map();',
    'export function __load(name) {',
    '  const known = loaded.get(name);',
    '  if (known !== undefined) return known.exports;',
    '  const module = { exports: {} };',
    '  loaded.set(name, module);',
    '  __modules[name].call(module.exports, module, module.exports, __load);',
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
