import { readdirSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EventPublisher } from 'nestjs-ttrpc/containerd';
import { hasContainerd } from '../containerd/containerd.js';
import { GoRuntime, nriPrograms } from '../nri/runtime.js';
import { hasGo } from '../support/go-module.js';
import { runProgram, startProgram } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { BUILD_LIMIT_MS, buildSample, mainOf } from './built-sample.js';

const withContainerd = hasContainerd ? describe : describe.skip;
const withGo = (await hasGo()) ? describe : describe.skip;

/** Without the colours and times of Nest's logger. */
const plain = (text: string): string[] =>
  text
    // eslint-disable-next-line no-control-regex -- terminals' colours begin so
    .replace(/\u001b\[\d+m/g, '')
    .split('\n')
    .map((line) => /\[(?:nri-logger|events)\] (.*)$/.exec(line)?.[1] ?? '')
    .filter((line) => line !== '');

let folder: TempFolder;

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(() => folder.remove());

withContainerd('sample/shim-client', () => {
  beforeAll(() => buildSample('shim-client'), BUILD_LIMIT_MS);

  it('runs a container and leaves nothing', async () => {
    const env = { TMPDIR: folder.path };
    const { status, stdout, stderr } = await runProgram(process.execPath, [mainOf('shim-client')], { env });
    expect({ status, stderr }).toEqual({ status: 7, stderr: '' });
    const lines = stdout.trim().split('\n');
    expect(lines[0]).toBe('the shim serves the Task service, version 2');
    expect(lines).toContain('hello from runc');
    expect(lines.at(-1)).toBe('ended with status 7');
    expect(lines.filter((line) => line.startsWith('event'))).toEqual([
      'event: /tasks/create',
      'event: /tasks/start',
      'event: /tasks/exit',
      'event: /tasks/delete',
    ]);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('says what is wrong with the command, and leaves nothing', async () => {
    const env = { TMPDIR: folder.path };
    const { status, stderr } = await runProgram(process.execPath, [mainOf('shim-client'), '/no/such/program'], { env });
    expect(status).toBe(1);
    expect(stderr).toContain('"/no/such/program": stat /no/such/program: no such file or directory');
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('says that there is no shim', async () => {
    const env = { TMPDIR: folder.path, SHIM: '/no/shim' };
    const { status, stderr } = await runProgram(process.execPath, [mainOf('shim-client')], { env });
    expect(status).toBe(1);
    expect(stderr).toContain('cannot run the shim /no/shim');
  });
});

describe('sample/containerd-events', () => {
  beforeAll(() => buildSample('containerd-events'), BUILD_LIMIT_MS);

  it('logs what shims send', async () => {
    const program = startProgram(process.execPath, [mainOf('containerd-events'), folder.url()]);
    await program.shows('shims find this by');
    const publisher = new EventPublisher({ address: folder.url(), namespace: 'default' });
    await publisher.publish('/tasks/exit', 'containerd.events.TaskExit', { containerId: 'c1', exitStatus: 3 });
    await publisher.close();
    await program.shows('c1 has ended with status 3');
    program.child.kill('SIGTERM');
    const { stdout, stderr } = await program.ended;
    expect(stderr).toBe('');
    expect(plain(stdout)).toEqual([
      `shims find this by TTRPC_ADDRESS=${folder.url()}`,
      'default /tasks/exit',
      'c1 has ended with status 3',
    ]);
    folder.close();
  });
});

withGo('sample/nri-logger', () => {
  beforeAll(async () => {
    await buildSample('nri-logger');
    await nriPrograms.path('runtime');
  }, BUILD_LIMIT_MS);

  it('logs each container', async () => {
    const runtime = await GoRuntime.start(folder.file('nri.sock'));
    const program = startProgram(process.execPath, [mainOf('nri-logger'), folder.file('nri.sock')]);
    expect(await runtime.synced()).toEqual({ updates: [] });
    const both = { pod: { id: 'p1', name: 'web', namespace: 'default' }, container: { id: 'c1', name: 'nginx' } };
    await runtime.relay('CreateContainer', both);
    await runtime.relay('RemoveContainer', both);
    await program.shows('is removed');
    program.child.kill('SIGTERM');
    const { stdout, stderr } = await program.ended;
    expect(stderr).toBe('');
    expect(plain(stdout)).toEqual(['default/web: nginx is created', 'default/web: nginx is removed']);
    await runtime.stop();
  });

  it('says that there is no runtime', async () => {
    const { status, stderr, stdout } = await runProgram(process.execPath, [
      mainOf('nri-logger'),
      folder.file('no.sock'),
    ]);
    expect(status).toBe(1);
    expect(stdout + stderr).toContain('there is no such socket; is a runtime with NRI enabled running?');
  });
});
