/* global process, Buffer, __dirname, FOLDER, BUILD -- the last two stand before it in the bundle */
// How the `ttrpc` command loads its parts: the file that npm links begins with this (scripts/bundle-command.mjs). Compiling
// takes half of a short run, so what V8 has compiled in a run that went well is kept beside the parts, for each version of
// Node and each command. The folder is that of the code itself: nobody can change the one who cannot change the other.
// Where it cannot be written, or NODE_DISABLE_COMPILE_CACHE is set, everything is compiled each time.
const { Script } = require('node:vm');
const { mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const [HEADER, NAME] = [16, /^--?(proto|protoset)\b/];
const folder = join(__dirname, FOLDER);
const [command = '', ...args] = process.argv.slice(2);
const source = args.map((arg) => NAME.exec(arg)?.[1]).find((name) => name !== undefined);
const cacheFolder = join(folder, 'cache');
const cacheFile = join(
  cacheFolder,
  [/^\w+$/.test(command) ? command : 'none', source ?? 'server', process.version, process.arch].join('-'),
);

const modules = new Map();
const scripts = new Map();
const cached = process.env.NODE_DISABLE_COMPILE_CACHE ? undefined : readCache();
let isComplete = cached !== undefined;

function load(name) {
  const known = modules.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  modules.set(name, module);
  const filename = join(folder, `${name}.cjs`);
  const cachedData = cached?.get(name);
  const code = `(function (exports, require, module) {${readFileSync(filename, 'utf8')}\n})`;
  const script = new Script(code, { filename, cachedData });
  if (cachedData === undefined || script.cachedDataRejected) isComplete = false;
  scripts.set(name, script);
  const required = (id) => (id.startsWith('./') ? load(id.slice(2, -'.cjs'.length)) : require(id));
  script.runInThisContext().call(module.exports, module.exports, required, module);
  return module.exports;
}

/** The parts of the cache by name; undefined when there is none for this build, or not all of one. */
function readCache() {
  try {
    const bytes = readFileSync(cacheFile);
    const end = HEADER + 8 + bytes.readUInt32LE(HEADER + 4);
    if (bytes.toString('latin1', 0, HEADER) !== BUILD || bytes.readUInt32LE(HEADER) !== checksum(bytes.subarray(end))) {
      return undefined;
    }
    let at = end;
    const parts = JSON.parse(bytes.toString('utf8', HEADER + 8, end));
    return new Map(parts.map(([name, size]) => [name, bytes.subarray(at, (at += size))]));
  } catch {
    return undefined;
  }
}

/**
 * V8 itself checks only that the data is of its version: a file of which a crash has left out blocks would end the process.
 * Of every 64 bytes four: all of them would take longer than they save.
 */
function checksum(bytes) {
  let sum = bytes.length;
  for (let at = 0; at + 4 <= bytes.length; at += 64) sum = (Math.imul(sum, 31) + bytes.readInt32LE(at)) | 0;
  return sum >>> 0;
}

/** Keeps what has been compiled, with what came from the cache. */
function writeCache() {
  const fresh = `${cacheFile}.${process.pid}`;
  let file;
  try {
    mkdirSync(cacheFolder, { recursive: true });
    file = openSync(fresh, 'wx');
  } catch {
    // Installed by another user: nothing is kept.
    return;
  }
  try {
    const parts = [...scripts].map(([name, script]) => [name, script.createCachedData()]);
    const sizes = Buffer.from(JSON.stringify(parts.map(([name, data]) => [name, data.length])));
    const code = Buffer.concat(parts.map(([, data]) => data));
    const numbers = Buffer.alloc(8);
    numbers.writeUInt32LE(checksum(code), 0);
    numbers.writeUInt32LE(sizes.length, 4);
    writeFileSync(file, Buffer.concat([Buffer.from(BUILD), numbers, sizes, code]));
    // In one step: another run may read or write it at the same time.
    renameSync(fresh, cacheFile);
  } catch {
    rmSync(fresh, { force: true });
  }
}

globalThis.loadCommand = load;
if (!process.env.NODE_DISABLE_COMPILE_CACHE && !process.env.NODE_V8_COVERAGE) {
  process.once('exit', (status) => {
    if (status === 0 && !isComplete) writeCache();
  });
}
load('main');
