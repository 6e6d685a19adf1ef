import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const SOURCE = fileURLToPath(new URL('../../src/protocol', import.meta.url));

/**
 * Compiles the engine (`src/protocol`) into `folder/protocol`, for a process of its own, with no package in reach.
 * `format` is that of its modules.
 */
export function compileEngine(folder: string, format: 'es6' | 'commonjs' = 'es6'): void {
  const target = join(folder, 'protocol');
  mkdirSync(target, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: format === 'es6' ? 'module' : 'commonjs' }));
  for (const name of readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )) {
    const { code } = transformSync(readFileSync(join(SOURCE, name), 'utf8'), {
      filename: name,
      jsc: {
        target: 'es2023',
        parser: { syntax: 'typescript' },
        transform: { verbatimModuleSyntax: format === 'es6' },
      },
      module: { type: format },
    });
    mkdirSync(dirname(join(target, name)), { recursive: true });
    writeFileSync(join(target, name.replace(/\.ts$/, '.js')), code);
  }
}
