import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ContainerdEventsModule,
  containerdSchema,
  defineShim,
  parseStartResponse,
  receiveEvents,
  deleteShim,
  ShimClient,
  type EventReceiver,
} from 'nestjs-ttrpc/containerd';
import { compilePackage } from '../support/compiled-package.js';
import { runProgram, startProgram, type ProgramEnd } from '../support/program.js';
import { IS_ROOT, openToAll, SECOND_USER } from '../support/second-user.js';
import { TempFolder } from '../support/temp-folder.js';

jest.setTimeout(60_000);

const asRoot = IS_ROOT ? it : it.skip;
/** Drops root's rights before a program begins, and before those that it starts by its own flags. */
const AS_SECOND_USER =
  'data:text/javascript,if(process.getuid()===0){' +
  `process.setgroups([]);process.setgid(${SECOND_USER.gid});process.setuid(${SECOND_USER.uid})}`;

let folder: TempFolder;
let bundle: string;

beforeEach(() => {
  folder = new TempFolder();
  bundle = folder.file('c1');
  mkdirSync(bundle);
  writeFileSync(join(bundle, 'config.json'), '{"process":{"args":["/bin/sleep","1000"]}}');
});

afterEach(async () => {
  // A shim that was told to end may still be at it.
  for (const end = performance.now() + 10_000; processes().length > 0 && performance.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const left = processes();
  folder.remove();
  expect(left).toEqual([]);
});

/** The command lines of processes that know the test's folder. */
function processes(): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => {
      try {
        return readFileSync(join('/proc', entry, 'cmdline'), 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((command) => command.includes(folder.path));
}

/** Parameters that put the shim's socket into the test's folder, or elsewhere. */
function params(socketDir = folder.file('s'), ttrpcAddress = folder.file('events.sock')): Uint8Array {
  const codec = containerdSchema().findType('containerd.runtime.bootstrap.v1.BootstrapParams');
  const fields = { instanceId: 'c1', namespace: 'test', socketDir, containerdTtrpcAddress: ttrpcAddress };
  return codec?.encode(fields) ?? new Uint8Array();
}

describe.each([
  ['without Nest', 'sample/shim/main'],
  ['with Nest', 'test/containerd/nest-shim'],
])('a shim %s', (_how, name) => {
  let events: EventReceiver | undefined;

  beforeEach(() => compilePackage(folder.path, [`${name}.ts`]));

  afterEach(async () => {
    await events?.close();
    events = undefined;
  });

  /** Runs the shim's program to its end. */
  function run(
    args: readonly string[],
    input = params(),
    { env = {}, flags = [] }: { env?: Record<string, string | undefined>; flags?: string[] } = {},
  ): Promise<ProgramEnd> {
    const program = startProgram(process.execPath, [...flags, folder.file(`${name}.js`), ...args], {
      cwd: bundle,
      env: { TTRPC_ADDRESS: undefined, ...env },
      stdin: 'open',
    });
    program.child.stdin?.end(input);
    return program.ended;
  }
  const START = ['-namespace', 'test', '-id', 'c1', '-address', '/run/none.sock', 'start'];
  const failed = (text: string): object => ({ status: 1, stdout: '', stderr: `io.containerd.nest.v1: ${text}\n` });

  it('that is not told where containerd listens does not start', async () => {
    expect(await run(START, params(undefined, ''))).toMatchObject(
      failed('address: expected an address, or one in the environment as TTRPC_ADDRESS'),
    );
    expect(readdirSync(bundle)).toEqual(['config.json']);
  });

  it('that cannot make the folder of its socket does not start', async () => {
    writeFileSync(folder.file('file'), '');
    const { stderr, ...end } = await run(START, params(folder.file('file/s')));
    expect(end).toMatchObject({ status: 1, stdout: '' });
    expect(stderr).toBe(
      `io.containerd.nest.v1: cannot make the folder of the shim's socket, ${folder.file('file/s')}: ENOTDIR: not a directory, mkdir '${folder.file('file/s')}'\n`,
    );
    expect(readdirSync(bundle)).toEqual(['config.json']);
  });

  asRoot('that may not make the folder of its socket does not start', async () => {
    openToAll(folder);
    const { stderr, ...end } = await run(START, undefined, { flags: ['--import', AS_SECOND_USER] });
    expect(end).toMatchObject({ status: 1, stdout: '' });
    expect(stderr).toContain(
      `cannot make the folder of the shim's socket, ${folder.file('s')}: EACCES: permission denied`,
    );
    expect(readdirSync(bundle)).toEqual(['config.json']);
  });

  it('that is given a bundle that is not there does not start', async () => {
    expect(await run(['-bundle', folder.file('none'), ...START])).toMatchObject(
      failed(`-bundle ${folder.file('none')}: there is no such folder`),
    );
  });

  it('that is started in another way than by containerd says what is missing', async () => {
    expect(await run([])).toMatchObject(
      failed('a shim is started by containerd (ctr run --runtime …) or by ShimClient, which say what it is to do'),
    );
    expect(await run(['start'])).toMatchObject(failed('start needs -namespace and -id: containerd gives them'));
    expect(await run(['-id', 'c1', 'stop'])).toMatchObject(failed('unknown action "stop": expected start or delete'));
    expect(await run(['-colour', 'red', ...START])).toMatchObject(failed('unknown flag -colour'));
  });

  it('refuses a bundle without config.json, and ends when containerd then says so', async () => {
    events = await receiveEvents(folder.url('events.sock'));
    const { stdout } = await run(START);
    const shim = await ShimClient.connect(parseStartResponse(Buffer.from(stdout)));
    const empty = folder.file('empty');
    mkdirSync(empty);
    await expect(shim.task.create({ id: 'c1', bundle: empty })).rejects.toThrow(
      `cannot read the container's specification ${empty}/config.json: ENOENT: no such file or directory`,
    );
    writeFileSync(join(empty, 'config.json'), '{"process":');
    await expect(shim.task.create({ id: 'c1', bundle: empty })).rejects.toThrow(
      `cannot read the container's specification ${empty}/config.json: Unexpected end of JSON input`,
    );
    await expect(shim.task.start({ id: 'c1' })).rejects.toThrow('no container c1');
    await shim.task.shutdown({ id: 'c1' });
    await shim.close();
  });

  it('goes on when containerd goes away in the middle', async () => {
    const receiver = await receiveEvents(folder.url('events.sock'));
    const { stdout } = await run(START);
    const shim = await ShimClient.connect(parseStartResponse(Buffer.from(stdout)));
    const { task } = shim;
    await task.create({ id: 'c1', bundle });
    await receiver.close();
    await task.start({ id: 'c1' });
    await task.kill({ id: 'c1', signal: 9, all: true });
    expect(await task.wait({ id: 'c1' })).toMatchObject({ exitStatus: 137 });
    await task.delete({ id: 'c1' });
    // containerd again: what it has missed comes as far as it was tried again, then what is new.
    events = await receiveEvents(folder.url('events.sock'));
    await task.shutdown({ id: 'c1' });
    await shim.close();
  });

  it('has nothing to clean up where there never was one', async () => {
    const { status, stderr } = await run(['-namespace', 'test', '-id', 'c1', '-bundle', bundle, 'delete']);
    expect([status, stderr]).toEqual([0, '']);
    expect(readdirSync(bundle)).toEqual(['config.json']);
  });
});

describe('a shim whose Nest application does not start', () => {
  it('does not start, with the reason', async () => {
    compilePackage(folder.path, ['test/containerd/nest-shim.ts']);
    const program = startProgram(
      process.execPath,
      [folder.file('test/containerd/nest-shim.js'), '-namespace', 'test', '-id', 'c1', 'start'],
      { cwd: bundle, env: { RUNNER_FAILS: '1' }, stdin: 'open' },
    );
    program.child.stdin?.end(params());
    expect(await program.ended).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'io.containerd.nest.v1: there is no database\n',
    });
    expect(readdirSync(bundle)).toEqual(['config.json']);
  });
});

describe('a client of a shim', () => {
  it.each(['binary', 'id', 'namespace', 'bundle', 'ttrpcAddress'] as const)('needs %s', async (name) => {
    const options = { binary: '/bin/true', id: 'c1', namespace: 'test', bundle, ttrpcAddress: 'unix:none.sock' };
    const text = `options of a shim: ${name}: expected a string, got`;
    await expect(ShimClient.start({ ...options, [name]: undefined })).rejects.toThrow(`${text} undefined`);
    await expect(deleteShim({ ...options, [name]: '' })).rejects.toThrow(`${text} string ""`);
  });

  it('finds nobody at its address', async () => {
    const shim = ShimClient.connect({ address: folder.url('none.sock'), version: 3 });
    await expect(shim.then(({ task }) => task.state({ id: 'c1' }))).rejects.toThrow(
      `cannot connect to ${folder.url('none.sock')}`,
    );
    await (await shim.catch(() => undefined))?.close();
  });

  it('finds a bundle whose shim is gone', async () => {
    writeFileSync(join(bundle, 'address'), folder.url('gone.sock'));
    const shim = ShimClient.connect({ bundle });
    await expect(shim.then(({ task }) => task.state({ id: 'c1' }))).rejects.toThrow('gone.sock');
    await (await shim.catch(() => undefined))?.close();
  });

  asRoot('may not use its socket', async () => {
    compilePackage(folder.path, []);
    openToAll(folder);
    const server = createServer().listen(folder.file('s.sock'));
    await once(server, 'listening');
    chmodSync(folder.file('s.sock'), 0o600);
    const code = `
      import { ShimClient } from 'nestjs-ttrpc/containerd';
      try {
        const shim = await ShimClient.connect({ address: process.argv[1], version: 3 });
        await shim.task.state({ id: 'c1' }, { timeoutMs: 10_000 });
      } catch (error) {
        console.log(String(error));
        process.exit();
      }`;
    const args = ['--import', AS_SECOND_USER, '--input-type=module', '-e', code, folder.url('s.sock')];
    const { stdout } = await runProgram(process.execPath, args, { cwd: folder.path });
    expect(stdout).toContain(folder.url('s.sock'));
    expect(stdout).toContain('EACCES');
    await new Promise((resolve) => server.close(resolve));
  });

  it('leaves nothing in the bundle when the shim does not start', async () => {
    const options = { id: 'c1', namespace: 'test', bundle, ttrpcAddress: folder.file('events.sock') };
    await expect(ShimClient.start({ ...options, binary: '/nowhere/shim' })).rejects.toThrow(
      'cannot run the shim /nowhere/shim: spawn /nowhere/shim ENOENT',
    );
    await expect(ShimClient.start({ ...options, binary: '/bin/false' })).rejects.toThrow(
      'the shim /bin/false has ended with status 1',
    );
    expect(readdirSync(bundle)).toEqual(['config.json']);
  });

  it('hears of it when the shim goes away in the middle', async () => {
    const server = createServer((peer) => peer.once('data', () => peer.destroy())).listen(folder.file('s.sock'));
    await once(server, 'listening');
    const shim = await ShimClient.connect({ address: folder.url('s.sock'), version: 3 });
    await expect(shim.task.wait({ id: 'c1' })).rejects.toThrow(/UNAVAILABLE|closed/);
    await shim.close();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('a definition or a module that lacks something', () => {
  it.each([
    [undefined, "defineShim: name: expected a name such as 'io.containerd.nest.v1', got undefined"],
    [{ nam: 'x' }, "defineShim: name: expected a name such as 'io.containerd.nest.v1', got undefined"],
    [{ name: 'x' }, 'defineShim: runner: expected a ShimRunner or a function that gives one, got undefined'],
  ])('%j names it', (definition, message) => {
    expect(() => defineShim(definition as never)).toThrow(message);
  });

  it('says that events have no address', async () => {
    @Module({ imports: [ContainerdEventsModule.forRoot({ adress: 'unix:events.sock' } as never)] })
    class Events {}
    const app = await NestFactory.createApplicationContext(Events, { logger: false, abortOnError: false }).catch(
      (error: unknown) => error,
    );
    expect(String(app)).toBe(
      'TypeError: ContainerdEventsModule: address: expected an address or a Duplex to receive events on, got none',
    );
  });
});
