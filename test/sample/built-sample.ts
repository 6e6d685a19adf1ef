import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import { runProgram } from '../support/program.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** How long a build may take, beside other tests. */
export const BUILD_LIMIT_MS = 300_000;

/** The program of a sample that was built. */
export function mainOf(sample: string): string {
  return join(ROOT, `dist/dev/${sample}/sample/${sample}/main.js`);
}

/** Builds a sample, as `npm run build:sample` does. */
export async function buildSample(sample: string): Promise<void> {
  const script = join(ROOT, 'scripts/build-sample.mjs');
  expect(await runProgram(process.execPath, [script, sample], { cwd: ROOT })).toMatchObject({ status: 0 });
}
