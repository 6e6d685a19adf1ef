import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

it('the hybrid sample gives the same over both transports', () => {
  execFileSync('npm', ['run', 'build:sample', 'hybrid'], { cwd: ROOT });
  const output = execFileSync(process.execPath, [join(ROOT, 'dist/dev/sample/hybrid/main.js')], { encoding: 'utf8' });
  const lines = ['  FindOne: Ada', '  FindMany: Grace, Ada', '  FindOne of 7: error 5: there is no hero 7'];
  expect(output.trimEnd().split('\n')).toEqual([
    'gRPC on TCP:',
    ...lines,
    'ttrpc on a unix socket:',
    ...lines,
    'Both gave the same.',
  ]);
}, 120_000);
