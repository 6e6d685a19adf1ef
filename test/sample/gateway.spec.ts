import { beforeAll, expect, it } from '@jest/globals';
import { runProgram } from '../support/program.js';
import { BUILD_LIMIT_MS, buildSample, mainOf } from './built-sample.js';

beforeAll(() => buildSample('gateway'), BUILD_LIMIT_MS);

it('sample/gateway: an HTTP request that is aborted cancels the handler behind it', async () => {
  const { status, stdout, stderr } = await runProgram(process.execPath, [mainOf('gateway')]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.trimEnd().split('\n')).toEqual([
    'GET /report?name=sales: 200 {"text":"the report sales"}',
    'GET /report: 400 {"statusCode":400,"message":"a report needs a name","error":"INVALID_ARGUMENT"}',
    '  handler: begins to render',
    'GET /report?name=slow: aborted by its client',
    expect.stringMatching(/^ {2}handler: stops, TtrpcException: CANCELLED: /),
  ]);
});
