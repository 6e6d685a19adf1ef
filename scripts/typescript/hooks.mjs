// Hooks of Node's module loader, in a thread of their own, that compile TypeScript on the way in: types are dropped, not
// checked. register.mjs, register-sources.mjs and run.mjs say with which options.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import { swcOptions } from './swc-options.mjs';

const root = new URL('../../', import.meta.url);
const ENTRIES = 'protocol schema nri containerd grpc health reflection testing metrics opentelemetry'.split(' ');
const SOURCES = {
  'nestjs-ttrpc': new URL('src/index.ts', root).href,
  ...Object.fromEntries(ENTRIES.map((entry) => [`nestjs-ttrpc/${entry}`, new URL(`src/${entry}/index.ts`, root).href])),
};

/** The package's names mean its sources, not what was built. */
let fromSources = false;
/** `{ file, find, replace }`, the file relative to the root folder: changes of sources, for tests that must find a fault. */
let patches = [];

export function initialize(options = {}) {
  ({ fromSources = false, patches = [] } = options);
}

export function resolve(specifier, context, next) {
  const own = fromSources ? SOURCES[specifier] : undefined;
  if (own) return { url: own, shortCircuit: true };
  // Relative imports name the compiled file, as TypeScript wants it.
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL?.endsWith('.ts')) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return next(source.href, context);
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.startsWith(root.href) || !url.endsWith('.ts')) return next(url, context);
  const filename = fileURLToPath(url);
  const options = { ...swcOptions, configFile: false, swcrc: false, filename };
  const { code } = await transform(patched(url, await readFile(filename, 'utf8')), options);
  return { format: 'module', source: code, shortCircuit: true };
}

function patched(url, source) {
  let text = source;
  for (const { file, find, replace } of patches) {
    if (new URL(file, root).href !== url) continue;
    const at = text.indexOf(find);
    if (at < 0 || text.includes(find, at + 1)) throw new Error(`${file} does not contain this exactly once: ${find}`);
    text = text.slice(0, at) + replace + text.slice(at + find.length);
  }
  return text;
}
