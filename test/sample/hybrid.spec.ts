import { execFileSync } from 'node:child_process';
import { expect, it } from '@jest/globals';
import { BUILD_LIMIT_MS, buildSample, mainOf } from './built-sample.js';

it(
  'the hybrid sample gives the same over both transports',
  async () => {
    await buildSample('hybrid');
    const output = execFileSync(process.execPath, [mainOf('hybrid')], { encoding: 'utf8' });
    const lines = ['  FindOne: Ada', '  FindMany: Grace, Ada', '  FindOne of 7: error 5: there is no hero 7'];
    expect(output.trimEnd().split('\n')).toEqual([
      'gRPC on TCP:',
      ...lines,
      'ttrpc on a unix socket:',
      ...lines,
      'Both gave the same.',
    ]);
  },
  BUILD_LIMIT_MS,
);
