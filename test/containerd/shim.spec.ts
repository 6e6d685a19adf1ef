import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { ShimClient } from 'nestjs-ttrpc/containerd';
import { compilePackage } from '../support/compiled-package.js';
import { TempFolder } from '../support/temp-folder.js';
import { CONTAINERD_2_BUILD_MS, describeEachContainerd, type TestedContainerd } from './containerd2.js';
import { Containerd } from './containerd.js';

jest.setTimeout(60_000);

/**
 * What a short command says last, in its shell: `ctr` of containerd 1.7 and later closes its ends of the FIFOs as soon as it
 * hears of the end (containerd's pull request 8334), and drops what it has not read yet, of any shim.
 */
const STAY = 'sleep 0.3';

/** How often each life of a container is run: more than once with FIELD_RUNS. */
const RUNS = Number(process.env['FIELD_RUNS'] ?? 1);

describeEachContainerd('a shim of ours under', ofOurs);

function ofOurs(tested: TestedContainerd): void {
  let folder: TempFolder;
  let containerd: Containerd;
  let shim: string;
  let rootfs: string;
  let count = 0;

  beforeAll(async () => {
    const programs = await tested.programs();
    folder = new TempFolder();
    compilePackage(folder.path, ['sample/shim/main.ts']);
    shim = folder.file('containerd-shim-nest-v1');
    // A program in the folder of its packages.
    writeFileSync(shim, `#!/bin/sh\nexec ${process.execPath} ${folder.path}/sample/shim/main.js "$@"\n`);
    chmodSync(shim, 0o755);
    rootfs = folder.file('rootfs');
    mkdirSync(rootfs);
    containerd = await Containerd.start(folder.path, programs === undefined ? {} : { programs });
  }, CONTAINERD_2_BUILD_MS);

  afterEach(async () => {
    // Also `delete` of a shim that has crashed comes to its end.
    await until(() => !processesWith(folder.path).some(({ command }) => command.includes('main.js')));
    const { stdout } = await containerd.ctr('container', 'ls', '-q');
    expect(stdout).toBe('');
  });

  afterAll(async () => {
    await containerd?.stop();
    folder?.remove();
  });

  /** `ctr run` with flags (`--flag=value`), then the container's id and its command. */
  const run = (...args: string[]): string[] => {
    const at = args.findIndex((arg) => !arg.startsWith('-') && !arg.includes('='));
    return ['run', '--runtime', shim, '--rootfs', ...args.slice(0, at), rootfs, ...args.slice(at)];
  };
  const name = (): string => `t${++count}`;

  it(`runs a container, ${RUNS} times`, async () => {
    for (let i = 0; i < RUNS; i++) {
      const output = await containerd.ctr(
        ...run(
          '--rm',
          '--env=GREETING=hello',
          name(),
          '/bin/sh',
          '-c',
          `echo $GREETING; echo oops >&2; ${STAY}; exit 7`,
        ),
      );
      expect(output).toMatchObject({ status: 7, stdout: 'hello\n' });
      expect(output.stderr).toContain('oops');
    }
  });

  it('hands on 5 MB of output', async () => {
    const { stdout, status } = await containerd.ctr(
      ...run('--rm', name(), '/bin/sh', '-c', `head -c 5000000 /dev/zero | tr '\\0' x; ${STAY}`),
    );
    expect(status).toBe(0);
    expect(stdout).toHaveLength(5_000_000);
  });

  it('runs four at once', async () => {
    const outputs = await Promise.all(
      [1, 2, 3, 4].map((n) => containerd.ctr(...run('--rm', name(), '/bin/sh', '-c', `echo ${n}; ${STAY}`))),
    );
    expect(outputs.map(({ stdout }) => stdout)).toEqual(['1\n', '2\n', '3\n', '4\n']);
  });

  it('takes stdin to its end', async () => {
    const ctr = containerd.startCtr(...run('--rm', name(), '/bin/cat'));
    let stdout = '';
    ctr.stdout?.on('data', (text: Buffer) => (stdout += text.toString()));
    ctr.stdin?.end('typed\n');
    const [status] = (await once(ctr, 'close')) as [number];
    expect([status, stdout]).toEqual([0, 'typed\n']);
  });

  it('lists, executes in, kills and deletes a container', async () => {
    const id = name();
    expect(await containerd.ctr(...run('-d', id, '/bin/sleep', '1000'))).toMatchObject({ status: 0 });
    const task = await containerd.task(id);
    expect(task?.status).toBe('RUNNING');
    expect(readFileSync(`/proc/${task?.pid}/cmdline`, 'utf8')).toBe('/bin/sleep\x001000\x00');
    const echo = ['/bin/sh', '-c', `echo from within; ${STAY}`];
    expect(await containerd.ctr('task', 'exec', '--exec-id', 'e1', id, ...echo)).toMatchObject({
      status: 0,
      stdout: 'from within\n',
    });
    expect(await containerd.ctr('task', 'exec', '--exec-id', 'e2', id, '/bin/sh', '-c', 'exit 3')).toMatchObject({
      status: 3,
    });
    expect((await containerd.ctr('task', 'ps', id)).stdout).toContain(String(task?.pid));
    expect(await containerd.ctr('task', 'kill', '-s', 'SIGTERM', id)).toMatchObject({ status: 0 });
    await until(async () => (await containerd.task(id))?.status === 'STOPPED');
    expect(await containerd.ctr('task', 'rm', id)).toMatchObject({ status: 0 });
    await containerd.ctr('container', 'rm', id);
  });

  it('says why a container does not start', async () => {
    const id = name();
    const { status, stderr } = await containerd.ctr(...run('--rm', id, '/no/such/program'));
    expect(status).toBe(1);
    expect(stderr).toContain('cannot start "/no/such/program"');
    await containerd.ctr('container', 'rm', id);
  });

  it('pauses and goes on', async () => {
    const id = name();
    await containerd.ctr(...run('-d', id, '/bin/sleep', '1000'));
    const pid = (await containerd.task(id))?.pid;
    const state = (): string | undefined => /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    expect(await containerd.ctr('task', 'pause', id)).toMatchObject({ status: 0 });
    expect((await containerd.task(id))?.status).toBe('PAUSED');
    await until(() => state() === 'T');
    expect(await containerd.ctr('task', 'resume', id)).toMatchObject({ status: 0 });
    expect((await containerd.task(id))?.status).toBe('RUNNING');
    await until(() => state() === 'S');
    await containerd.ctr('task', 'kill', '-s', 'SIGKILL', id);
    await until(async () => (await containerd.task(id))?.status === 'STOPPED');
    await containerd.ctr('task', 'rm', id);
    await containerd.ctr('container', 'rm', id);
  });

  it('says what it cannot do: terminals, statistics, a bundle without config.json', async () => {
    const id = name();
    const bundle = folder.file(id);
    mkdirSync(bundle);
    writeFileSync(join(bundle, 'config.json'), '{"process":{"args":["/bin/sleep","1000"]}}');
    const options = { binary: shim, id, namespace: 'none', bundle, ttrpcAddress: containerd.ttrpcSocket };
    const client = await ShimClient.start(options);
    const { task } = client;
    await task.create({ id, bundle, terminal: true });
    await expect(task.start({ id })).rejects.toThrow('this shim has no terminals: run the container');
    await expect(task.resizePty({ id, width: 80, height: 25 })).rejects.toThrow('this shim has no terminals');
    await expect(task.update({ id, resources: null })).rejects.toThrow('this shim cannot change the limits');
    await expect(task.stats({ id })).rejects.toThrow('this shim has no statistics of its containers');
    await expect(task.checkpoint({ id })).rejects.toThrow('this shim makes no checkpoints');
    await expect(task.pause({ id })).rejects.toThrow(`container ${id} is not running: STOPPED`);
    await task.delete({ id });
    rmSync(join(bundle, 'config.json'));
    await expect(task.create({ id, bundle })).rejects.toThrow(
      `cannot read the container's specification ${bundle}/config.json: ENOENT`,
    );
    await expect(task.state({ id })).rejects.toThrow(`no container ${id}`);
    await task.shutdown({ id });
    await client.close();
    rmSync(bundle, { recursive: true });
  });

  it('leaves no process behind when it crashes', async () => {
    const id = name();
    await containerd.ctr(...run('-d', id, '/bin/sleep', '1000'));
    const task = await containerd.task(id);
    const [daemon] = processesWith(folder.path).filter(({ command }) => command.includes('daemon'));
    process.kill(daemon?.pid as number, 'SIGKILL');
    await until(async () => (await containerd.task(id))?.status !== 'RUNNING');
    await until(() => !isAlive(task?.pid ?? 0));
    expect(processesWith(folder.path).filter(({ command }) => command.includes('daemon'))).toEqual([]);
    await containerd.ctr('task', 'rm', '-f', id);
    await containerd.ctr('container', 'rm', id);
    removeFifosOf(id);
  });

  it('goes on when containerd is restarted', async () => {
    const id = name();
    await containerd.ctr(...run('-d', id, '/bin/sleep', '1000'));
    const before = await containerd.task(id);
    await containerd.stop('SIGKILL');
    await containerd.begin();
    expect(await containerd.task(id)).toEqual(before);
    await containerd.ctr('task', 'kill', '-s', 'SIGKILL', id);
    await until(async () => (await containerd.task(id))?.status === 'STOPPED');
    await containerd.ctr('task', 'rm', id);
    await containerd.ctr('container', 'rm', id);
  });
}

/** Looks again until it is so, for at most 15 seconds: what happens elsewhere tells nobody here. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 15_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`it is not so after 15 seconds: ${String(isSo)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * ctr makes the FIFOs of a process and removes them with its task. It does so with no shim's when that has crashed, since
 * containerd has no such task any more.
 */
function removeFifosOf(id: string): void {
  const all = '/run/containerd/fifo';
  for (const folder of readdirSync(all)) {
    if (existsSync(join(all, folder, `${id}-stdout`))) rmSync(join(all, folder), { recursive: true });
  }
}

/** False for what is gone, and for what only waits for somebody to hear of its end. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Processes whose command line has `text`. */
function processesWith(text: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => {
      try {
        return {
          pid: Number(entry),
          command: readFileSync(join('/proc', entry, 'cmdline'), 'utf8').replaceAll('\0', ' '),
        };
      } catch {
        return { pid: 0, command: '' };
      }
    })
    .filter(({ command }) => command.includes(text));
}
