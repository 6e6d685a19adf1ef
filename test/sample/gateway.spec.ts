import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from '@jest/globals';
import { runProgram } from '../support/program.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LIMIT_MS = 300_000;

const run = (...args: string[]) => runProgram(process.execPath, args, { cwd: ROOT });

beforeAll(async () => {
  expect(await run(join(ROOT, 'scripts/build-sample.mjs'), 'gateway')).toMatchObject({ status: 0 });
}, LIMIT_MS);

it('sample/gateway: an HTTP request that is aborted cancels the handler behind it', async () => {
  const { status, stdout, stderr } = await run(join(ROOT, 'dist/dev/sample/gateway/main.js'));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.trimEnd().split('\n')).toEqual([
    'GET /report?name=sales: 200 {"text":"the report sales"}',
    'GET /report: 400 {"statusCode":400,"message":"a report needs a name","error":"INVALID_ARGUMENT"}',
    '  handler: begins to render',
    'GET /report?name=slow: aborted by its client',
    expect.stringMatching(/^ {2}handler: stops, TtrpcException: CANCELLED: /),
  ]);
});
