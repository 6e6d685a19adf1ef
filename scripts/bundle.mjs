// Puts the modules that tsc has made in dist/esm into one file for each entry of the package, and chunks of what they
// share: Node needs 25 ms to find, read and link 130 small files, and 3 ms for these; each file less spares 1 to 2 ms of
// CPU. Names, comments and source maps stay as they are.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
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
      ...(format === 'esm' && { paths: { protobufjs: PROTOBUFJS } }),
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
  writeFileSync(join(source, 'shared/protobufjs.js'), REQUIRED_PROTOBUFJS);
  // The package itself is of ES modules, and its package.json has the imports.
  if (formats.includes('cjs')) {
    writeFileSync(join(root, 'dist/cjs/package.json'), '{ "type": "commonjs", "sideEffects": false }\n');
  }
}

/**
 * As the ES modules import protobufjs; `imports` in package.json says what that is. For Node it is a module that requires
 * protobufjs: before Node imports a CommonJS package, it looks through all its files for the names that they export, for
 * 5 to 15 ms. Bundlers follow imports only, and get the package.
 */
const PROTOBUFJS = '#protobufjs';
const REQUIRED_PROTOBUFJS = `import { createRequire } from 'node:module';

export default createRequire(import.meta.url)('protobufjs');
`;

/** The main entry loads all that stands on Nest, as every optional entry that needs some of it: it is one file. */
const NEST_ROOMS = ['common', 'transport', 'client', 'decorators', 'gateway'];

const ADAPTERS = 'schema/adapters/';

/**
 * In which file a module of several entries goes; undefined leaves it to Rollup. What the entries for generated code need
 * of the schema room is a file of its own: they work without protobufjs.
 */
function chunkOf(id, { getModuleInfo }) {
  const path = relative(source, id);
  const [room] = path.split('/');
  if (room === 'protocol') return 'engine';
  if (NEST_ROOMS.includes(room)) return 'nest';
  if (room !== 'schema' || path.startsWith(ADAPTERS) || getModuleInfo(id).isEntry) return undefined;
  return isReachedByAdapter(id, getModuleInfo) ? 'generated-code' : 'schema';
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
