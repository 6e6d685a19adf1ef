/* global process, Buffer, __dirname, FOLDER, BUILD -- the last two stand before it in the bundle */
// How the `ttrpc` command loads its parts: the file that npm links begins with this (scripts/bundle-command.mjs). Compiling
// takes half of a short run, so what V8 has compiled in a run that went well is kept beside the parts, for each version of
// Node and each command. The folder is that of the code itself: nobody can change the one who cannot change the other.
// Where it cannot be written, as when another user has installed it, it is kept in the user's own cache folder.
// With NODE_DISABLE_COMPILE_CACHE nothing is kept, and everything is compiled each time.
const { Script } = require('node:vm');
const fs = require('node:fs');
const { join } = require('node:path');

/** Bytes before the sizes of the parts: the build, a checksum, and how long the sizes are. */
const HEADER = 24;
/** V8 copies what does not stand at such an address. */
const ALIGNMENT = 8;
const NAME = /^--?(proto|protoset)\b/;
const folder = join(__dirname, FOLDER);
const [command = '', ...args] = process.argv.slice(2);
const source = args.map((arg) => NAME.exec(arg)?.[1]).find((name) => name !== undefined);
const cacheName = [/^\w+$/.test(command) ? command : 'none', source ?? 'server', process.version, process.arch].join(
  '-',
);
/** Where the cache may be, the better place first: how a file there is read, and with what mode the folder is made. */
const cachePlaces = [
  { path: join(folder, 'cache'), read: (file) => fs.readFileSync(file), mode: 0o755 },
  ...userPlace(),
];

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
  const code = `(function (exports, require, module) {${fs.readFileSync(filename, 'utf8')}\n})`;
  const script = new Script(code, { filename, cachedData });
  if (cachedData === undefined || script.cachedDataRejected) isComplete = false;
  scripts.set(name, script);
  const required = (id) => (id.startsWith('./') ? load(id.slice(2, -'.cjs'.length)) : require(id));
  script.runInThisContext().call(module.exports, module.exports, required, module);
  return module.exports;
}

/** Root has none: its home may be that of the user who called sudo. */
function userPlace() {
  const { XDG_CACHE_HOME: cache, HOME: home } = process.env;
  if (!process.geteuid?.() || !(cache || home)) return [];
  return [{ path: join(cache || join(home, '.cache'), 'nestjs-ttrpc'), read: readOwn, mode: 0o700 }];
}

/** The parts of the first cache of this build, by name; undefined when there is none. */
function readCache() {
  for (const { path, read } of cachePlaces) {
    const parts = readParts(() => read(join(path, cacheName)));
    if (parts !== undefined) return parts;
  }
  return undefined;
}

function readParts(read) {
  try {
    const bytes = read();
    const sizes = HEADER + bytes.readUInt32LE(20);
    if (bytes.toString('latin1', 0, 16) !== BUILD || bytes.readUInt32LE(16) !== checksum(bytes.subarray(sizes))) {
      return undefined;
    }
    let at = sizes;
    const part = ([name, size]) => {
      const start = at;
      at = aligned(start + size);
      return [name, bytes.subarray(start, start + size)];
    };
    return new Map(JSON.parse(bytes.toString('utf8', HEADER, sizes)).map(part));
  } catch {
    return undefined;
  }
}

/** Only what this user has written and nobody else may change: V8 runs it. */
function readOwn(path) {
  const file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  try {
    const { uid, mode } = fs.fstatSync(file);
    if (uid !== process.geteuid() || (mode & 0o022) !== 0) throw new Error('not its own');
    return fs.readFileSync(file);
  } finally {
    fs.closeSync(file);
  }
}

/**
 * V8 itself checks only that the data is of its version: a file of which a crash has left out blocks would end the process.
 * Of every 512 bytes four, as no disk has smaller blocks: all of them would take longer than they save.
 */
function checksum(bytes) {
  // Not by readInt32LE: this runs before V8 has compiled it, and would take ten times as long.
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  let sum = bytes.length;
  for (let at = 0; at < words.length; at += 128) sum = (Math.imul(sum, 31) + words[at]) | 0;
  return sum >>> 0;
}

function aligned(size) {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

/** Keeps what has been compiled, with what came from the cache. */
function writeCache() {
  for (const { path, mode } of cachePlaces) {
    const fresh = join(path, `${cacheName}.${process.pid}`);
    let file;
    try {
      fs.mkdirSync(path, { recursive: true, mode });
      file = fs.openSync(fresh, 'wx', 0o644);
    } catch {
      // Installed by another user.
      continue;
    }
    try {
      fs.writeFileSync(file, cacheBytes());
      // In one step: another run may read or write it at the same time.
      fs.renameSync(fresh, join(path, cacheName));
    } catch {
      fs.rmSync(fresh, { force: true });
    } finally {
      fs.closeSync(file);
    }
    return;
  }
}

function cacheBytes() {
  const parts = new Map(cached);
  for (const [name, script] of scripts) parts.set(name, script.createCachedData());
  const list = JSON.stringify([...parts].map(([name, { length }]) => [name, length]));
  const sizes = Buffer.from(list.padEnd(aligned(list.length)));
  const bytes = Buffer.alloc(
    [...parts.values()].reduce((sum, { length }) => aligned(sum + length), HEADER + sizes.length),
  );
  bytes.write(BUILD, 'latin1');
  bytes.writeUInt32LE(sizes.length, 20);
  sizes.copy(bytes, HEADER);
  const start = HEADER + sizes.length;
  let at = start;
  for (const data of parts.values()) {
    data.copy(bytes, at);
    at = aligned(at + data.length);
  }
  bytes.writeUInt32LE(checksum(bytes.subarray(start)), 16);
  return bytes;
}

const keepsCompiled = !process.env.NODE_DISABLE_COMPILE_CACHE && !process.env.NODE_V8_COVERAGE;

globalThis.loadCommand = load;
/** For a command that changes V8's flags, before it does: V8 takes back only what it compiled under those of its start. */
globalThis.keepCompiled = () => {
  if (keepsCompiled && !isComplete) writeCache();
  isComplete = true;
};
process.once('exit', (status) => {
  if (status === 0) globalThis.keepCompiled();
});
load('main');
