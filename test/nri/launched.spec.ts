import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { compilePackage } from '../support/compiled-package.js';
import { hasGo } from '../support/go-module.js';
import { runProgram } from '../support/program.js';
import { IS_ROOT, openToAll, SECOND_USER } from '../support/second-user.js';
import { TempFolder } from '../support/temp-folder.js';
import { BUILD_MS, GoRuntime, nriPrograms, oldNriPrograms } from './runtime.js';

const withGo = (await hasGo()) ? describe : describe.skip;
const asRoot = IS_ROOT ? it : it.skip;

let folder: TempFolder;
let program: string;

beforeEach(() => {
  folder = new TempFolder();
  compilePackage(folder.path, ['test/nri/launched-plugin.ts']);
  program = folder.file('test/nri/launched-plugin.js');
});

afterEach(() => folder.remove());

const CONTAINER = { pod: { id: 'pod-1' }, container: { id: 'container-1', podSandboxId: 'pod-1' } };

withGo.each([
  ['0.12', nriPrograms],
  ['0.3', oldNriPrograms],
])('a plugin that NRI %s starts by itself', (version, programs) => {
  let runtime: GoRuntime;

  beforeAll(async () => void (await programs.path('runtime')), BUILD_MS);

  beforeEach(async () => {
    for (const name of ['plugins', 'config']) mkdirSync(folder.file(name));
    const file = join(folder.file('plugins'), '07-launched');
    writeFileSync(file, `#!/bin/sh\nexec ${process.execPath} ${program}\n`);
    chmodSync(file, 0o755);
    writeFileSync(join(folder.file('config'), 'launched.conf'), 'colour: green');
    const args = ['-plugins', folder.file('plugins'), '-config', folder.file('config')];
    runtime = await GoRuntime.start(folder.file('nri.sock'), args, programs);
  });

  async function seen(): Promise<Record<string, string>> {
    const response = await runtime.relay('CreateContainer', CONTAINER);
    const { env } = (response as { adjust: { env: { key: string; value: string }[] } }).adjust;
    return Object.fromEntries(env.map(({ key, value }) => [key, value]));
  }

  it('has its name, index and configuration from there', async () => {
    expect(await seen()).toMatchObject({
      PLUGIN: '07-launched',
      CONFIG: 'colour: green',
      // The old one synchronizes only plugins that connect.
      SYNCHRONIZED: version === '0.3' ? undefined : '2 2',
    });
    await runtime.stop();
  });

  it('ends when the runtime has crashed', async () => {
    const { PID: pid } = await seen();
    await runtime.kill();
    // Its parent is gone: nobody is told of its end.
    while (existsSync(`/proc/${pid}/exe`)) await new Promise((resolve) => setTimeout(resolve, 20));
  });
});

describe('a plugin by itself', () => {
  it('says what is wrong with what it was started with', async () => {
    const start = (env: Record<string, string>): Promise<object> => runProgram(process.execPath, [program], { env });
    const right = { NRI_PLUGIN_NAME: 'launched', NRI_PLUGIN_IDX: '10', NRI_PLUGIN_SOCKET: '3' };
    expect(await start({ ...right, NRI_PLUGIN_IDX: '1' })).toMatchObject({
      status: 1,
      stderr: `TtrpcError: INVALID_ARGUMENT: NRI plugin index: expected two digits, such as '10', got "1"\n`,
    });
    expect(await start({ ...right, NRI_PLUGIN_SOCKET: '99' })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(
        'NRI_PLUGIN_SOCKET is "99": expected the number of a connected socket',
      ) as unknown,
    });
  });

  asRoot('may not use the socket', async () => {
    openToAll(folder);
    const socket = folder.file('nri.sock');
    const { createServer } = await import('node:net');
    const server = createServer().listen(socket);
    await new Promise((resolve) => server.once('listening', resolve));
    chmodSync(socket, 0o600);
    const env = { NRI_PLUGIN_NAME: 'x', NRI_PLUGIN_IDX: '10', USER_ID: String(SECOND_USER.uid) };
    const { status, stderr } = await runProgram(process.execPath, [program, socket], { env });
    expect([status, stderr]).toEqual([
      1,
      `TtrpcError: PERMISSION_DENIED: cannot connect to NRI at ${socket}: this process may not use it; plugins run as root, as a rule (EACCES)\n`,
    ]);
    await new Promise((resolve) => server.close(resolve));
  });
});
