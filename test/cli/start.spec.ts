import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { builtCommand } from '../support/built-command.js';
import { TempFolder } from '../support/temp-folder.js';

jest.setTimeout(120_000);

const ROUNDS = 15;
/** Promised is 1.5; a busy machine measures worse. */
const LIMIT = 1.8;
const GREETER = fileURLToPath(new URL('../../sample/greeter/greeter.proto', import.meta.url));

const folder = new TempFolder();
const empty = folder.file('empty.cjs');

beforeAll(async () => {
  writeFileSync(empty, '');
  await builtCommand();
}, 120_000);
afterAll(() => folder.remove());

/** How long a program of Node runs, in ms. */
function timeOf(args: readonly string[], status: number): number {
  const start = performance.now();
  const end = spawnSync(process.execPath, args, { stdio: 'ignore' });
  expect(end.status).toBe(status);
  return performance.now() - start;
}

test("the command starts in less than 1.5 times Node's own start", async () => {
  const file = await builtCommand();
  const list = [file, 'list', GREETER];
  const call = [file, 'call', '--proto', GREETER, folder.url('none.sock'), 'demo.v1.Greeter/SayHello'];
  const times = { node: Infinity, list: Infinity, call: Infinity };
  for (let round = 0; round < ROUNDS; round++) {
    times.node = Math.min(times.node, timeOf([empty], 0));
    times.list = Math.min(times.list, timeOf(list, 0));
    times.call = Math.min(times.call, timeOf(call, 1));
  }
  expect(times.list / times.node).toBeLessThan(LIMIT);
  expect(times.call / times.node).toBeLessThan(LIMIT);
});
