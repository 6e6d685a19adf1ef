// Module hooks that compile TypeScript on the way in (types are dropped, not checked) and know the package by its name.
// With patches they change the named sources as they load: for tests that must find a fault.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

const root = new URL('..', import.meta.url);
const PACKAGE = {
  'nestjs-ttrpc': new URL('src/index.ts', root).href,
  'nestjs-ttrpc/protocol': new URL('src/protocol/index.ts', root).href,
};

/** `{ file, find, replace }`, the file relative to the root folder. */
let patches = [];

export function initialize(data) {
  patches = data?.patches ?? [];
}

export async function resolve(specifier, context, next) {
  const own = PACKAGE[specifier];
  if (own) return { url: own, shortCircuit: true };
  // TypeScript's imports name the compiled file.
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL?.endsWith('.ts')) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return { url: source.href, shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.startsWith(root.href) || !url.endsWith('.ts')) return next(url, context);
  const file = fileURLToPath(url);
  const { code } = await transform(patched(url, readFileSync(file, 'utf8')), {
    filename: file,
    swcrc: false,
    sourceMaps: 'inline',
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true },
      transform: {
        legacyDecorator: true,
        decoratorMetadata: true,
        useDefineForClassFields: true,
        verbatimModuleSyntax: true,
      },
      keepClassNames: true,
    },
    module: { type: 'es6' },
  });
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
