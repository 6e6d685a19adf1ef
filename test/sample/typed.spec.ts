import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { runProgram } from '../support/program.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LIMIT_MS = 300_000;

const run = (...args: string[]) => runProgram(process.execPath, args, { cwd: ROOT });

describe('sample/typed', () => {
  beforeAll(async () => {
    expect(await run(join(ROOT, 'scripts/build-sample.mjs'), 'typed')).toMatchObject({ status: 0 });
  }, LIMIT_MS);

  it('prints what its calls gave, and ends', async () => {
    const { status, stdout, stderr } = await run(join(ROOT, 'dist/dev/sample/typed/main.js'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.trim().split('\n')).toEqual([
      'job 1152921504606846976',
      '50 %',
      '100 %',
      'TtrpcException: INVALID_ARGUMENT: a job needs a name (demo.jobs.v1.JobsService/AddJob)',
    ]);
  });

  it('has the code that buf and protoc-gen-es generate', async () => {
    const end = await run(join(ROOT, 'scripts/generate.mjs'), '--check');
    expect(end.status).toBe(0);
    expect(end.stdout).toContain('sample/typed/gen: 1 file is as generated\n');
  });
});
