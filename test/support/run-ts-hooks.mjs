// Module hooks of run-ts.mjs.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import config from '../../jest.config.js';

const root = new URL('../../', import.meta.url);
const [, options] = config.transform['^.+\\.ts$'];
const packages = new Map([
  ['nestjs-ttrpc', new URL('src/index.ts', root)],
  ['nestjs-ttrpc/protocol', new URL('src/protocol/index.ts', root)],
]);

export function resolve(specifier, context, next) {
  const own = packages.get(specifier);
  if (own) return { url: own.href, shortCircuit: true };
  // TypeScript's imports name the compiled file.
  if (specifier.startsWith('.') && specifier.endsWith('.js')) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return { url: source.href, shortCircuit: true };
  }
  return next(specifier, context);
}

export function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const filename = fileURLToPath(url);
  const { code } = transformSync(readFileSync(filename, 'utf8'), { ...options, filename, sourceMaps: 'inline' });
  return { format: 'module', source: code, shortCircuit: true };
}
