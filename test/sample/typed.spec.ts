import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { runProgram } from '../support/program.js';
import { BUILD_LIMIT_MS, buildSample, mainOf } from './built-sample.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const run = (...args: string[]) => runProgram(process.execPath, args, { cwd: ROOT });

describe('sample/typed', () => {
  beforeAll(() => buildSample('typed'), BUILD_LIMIT_MS);

  it('prints what its calls gave, and ends', async () => {
    const { status, stdout, stderr } = await run(mainOf('typed'));
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
