import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Compiles the package's folders that know no Nest into `folder/node_modules/nestjs-ttrpc`, and the programs `files` of this
 * repository into `folder` beside it, for processes of their own: `.ts` becomes `.js`.
 */
export function compilePackage(folder: string, files: readonly string[]): void {
  const modules = join(folder, 'node_modules');
  const target = join(modules, 'nestjs-ttrpc');
  const entries = ['protocol', 'schema', 'nri', 'containerd'];
  for (const entry of entries) {
    const source = join(root, 'src', entry);
    for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.ts') && !name.startsWith('adapters/')) compile(join(source, name), join(target, entry, name));
    }
  }
  const exports = Object.fromEntries(entries.map((entry) => [`./${entry}`, `./${entry}/index.js`]));
  writeFileSync(join(target, 'package.json'), JSON.stringify({ name: 'nestjs-ttrpc', type: 'module', exports }));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const name of ['protobufjs', '@nestjs', 'long']) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  for (const file of files) compile(join(root, file), join(folder, file));
}

function compile(from: string, to: string): void {
  const { code } = transformSync(readFileSync(from, 'utf8'), {
    filename: from,
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true },
      transform: { verbatimModuleSyntax: true, legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type: 'es6' },
  });
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to.replace(/\.ts$/, '.js'), code);
}
