'use strict';
// protobufjs for both formats of the package. Node needs 10 to 15 ms more for the 40 files of protobufjs than for its own
// bundle of them, which is taken here where that makes no difference: long.js, which it lacks, is added, and its
// global variable is taken away.
const { createRequire, Module } = require('node:module');
const { basename } = require('node:path');

module.exports = inOneFile() ?? require('protobufjs');

function inOneFile() {
  // In a bundled program this is part of another file, and protobufjs in the bundle.
  if (basename(__filename) !== 'protobufjs.js') return undefined;
  // Not `require`, whose files bundlers would take into their bundles.
  const load = createRequire(__filename);
  if (!cacheCanBeSet(load.cache)) return undefined;
  const before = Object.getOwnPropertyDescriptor(globalThis, 'protobuf');
  try {
    const file = load.resolve('protobufjs/dist/protobuf.js');
    const protobuf = load(file);
    protobuf.util.Long = createRequire(file)('long');
    protobuf.configure();
    return protobuf;
  } catch {
    return undefined;
  } finally {
    if (before === undefined) delete globalThis.protobuf;
    else Object.defineProperty(globalThis, 'protobuf', before);
  }
}

/** False in Jest, which has modules of its own, and in Bun, which does not look for them there. */
function cacheCanBeSet(cache) {
  if (process.versions.bun !== undefined || cache === undefined) return false;
  const module = new Module(__filename);
  const own = cache[__filename];
  cache[__filename] = module;
  const isSet = cache[__filename] === module;
  if (own === undefined) delete cache[__filename];
  else cache[__filename] = own;
  return isSet;
}
