// Puts the modules that tsc has made in dist/esm into one file for each entry of the package, and chunks of what they
// share: Node needs 25 ms to find, read and link 130 small files, and 3 ms for these; each file less spares 1 to 2 ms of
// CPU. Names, comments and source maps stay as they are.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rollup } from 'rollup';
import { root } from './run.mjs';

const source = join(root, 'dist/esm');

/** Bundles dist/esm in its place, and as CommonJS into dist/cjs when `formats` says so. The declarations stay single. */
export async function bundle(formats) {
  const modules = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.js(\.map)?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  const bundled = await rollup({
    input: Object.fromEntries(entries().map((file) => [file.replace(/\.js$/, ''), join(source, file)])),
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    plugins: [asNodeLikesIt],
    onwarn({ code, message }) {
      // tsc's helper for decorators asks whether there is one in `this`.
      if (code !== 'THIS_IS_UNDEFINED') throw new Error(`rollup: ${message}`);
    },
  });
  for (const file of modules) rmSync(file);
  for (const format of formats) {
    await bundled.write({
      dir: join(root, 'dist', format),
      format,
      sourcemap: true,
      plugins: [PROTOBUFJS[format], ...(format === 'esm' ? [builtinsAsTheyAre] : [])],
      // What `esModuleInterop` of TypeScript does.
      interop: 'auto',
      exports: 'named',
      externalLiveBindings: false,
      esModule: true,
      generatedCode: { preset: 'es2015', symbols: false },
      entryFileNames: '[name].js',
      chunkFileNames: 'shared/[name].js',
      manualChunks: chunkOf,
      hoistTransitiveImports: false,
    });
  }
  await bundled.close();
  const shared = join(root, 'dist/cjs/shared');
  mkdirSync(shared, { recursive: true });
  copyFileSync(join(root, 'scripts/package/protobufjs.cjs'), join(shared, 'protobufjs.js'));
  copyFileSync(join(root, 'scripts/package/protobufjs.mjs'), join(source, 'shared/protobufjs.js'));
  // The package itself is of ES modules, and its package.json has their imports: none in between may hide it.
  rmSync(join(source, 'package.json'), { force: true });
  writeFileSync(join(root, 'dist/cjs/package.json'), '{ "type": "commonjs", "sideEffects": false }\n');
}

/**
 * How the bundles get protobufjs: from a module of ours that loads it faster (scripts/package). Before Node imports a
 * CommonJS package, it looks through all its files for the names that they export, for 5 to 30 ms: ES modules require it
 * as well. Bundlers follow imports only, and get the package by what `imports` in package.json says.
 */
const PROTOBUFJS = {
  esm: {
    name: 'protobufjs-of-imports',
    renderChunk: (code) => ({
      code: code.replace(/^import (.*)'protobufjs';$/m, "import $1'#protobufjs';"),
      map: null,
    }),
  },
  cjs: {
    name: 'protobufjs-beside',
    renderChunk(code, { fileName }) {
      const module = `${relative(dirname(fileName), 'shared') || '.'}/protobufjs.js`;
      return { code: code.replace("require('protobufjs')", `require('${module}')`), map: null };
    },
  },
};

/**
 * An import of one of these makes Node read all that they export, and so load what they export only on demand: with
 * `node:util` come worker threads and 15 more modules, with `node:fs` streams, promises and the line reader. Together 10
 * to 15 ms with Node 24.
 */
const ON_DEMAND = /^import \{ (.+) \} from '(node:(?:buffer|fs|module|os|timers|util))';$/gm;

const builtinsAsTheyAre = {
  name: 'builtins-as-they-are',
  /** The lines stay, for the source maps. */
  renderChunk(code) {
    const text = code
      .replace(ON_DEMAND, (_import, names, id) => {
        return `const { ${names.replace(/ as /g, ': ')} } = process.getBuiltinModule('${id}');`;
      })
      // For side effects, of which Node's modules have none.
      .replace(/^import 'node:.+';$/gm, '');
    return { code: text, map: null };
  },
};

/** The main entry loads all that stands on Nest, as every optional entry that needs some of it: it is one file. */
const NEST_ROOMS = ['common', 'transport', 'client', 'decorators', 'gateway'];

const ADAPTERS = 'schema/adapters/';

/**
 * In which file a module of several entries goes; undefined leaves it to Rollup. What the entries for generated code need
 * of the schema room is with the engine, since they work without protobufjs: it is small, and each file takes time.
 */
function chunkOf(id, { getModuleInfo }) {
  const path = relative(source, id);
  const [room] = path.split('/');
  if (room === 'protocol') return 'engine';
  if (NEST_ROOMS.includes(room)) return 'nest';
  if (room !== 'schema' || path.startsWith(ADAPTERS) || getModuleInfo(id).isEntry) return undefined;
  return isReachedByAdapter(id, getModuleInfo) ? 'engine' : 'schema';
}

function isReachedByAdapter(id, getModuleInfo, seen = new Set()) {
  if (seen.has(id)) return false;
  seen.add(id);
  return getModuleInfo(id).importers.some(
    (importer) => relative(source, importer).startsWith(ADAPTERS) || isReachedByAdapter(importer, getModuleInfo, seen),
  );
}

/** What `exports` in package.json names, relative to dist/esm. */
function entries() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : relative('dist/esm', entry.import.default),
  );
}

const asNodeLikesIt = {
  name: 'as-node-likes-it',
  /** tsc's source maps lead from its modules to ours. */
  load(id) {
    return { code: readFileSync(id, 'utf8'), map: JSON.parse(readFileSync(`${id}.map`, 'utf8')) };
  },
  /** One character beyond Latin-1, and Node keeps the whole file in twice the space. */
  renderChunk(code) {
    const ascii = code.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
    return { code: ascii, map: null };
  },
};
