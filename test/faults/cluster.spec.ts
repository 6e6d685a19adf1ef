import { once } from 'node:events';
import { lstatSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TtrpcError } from '../../src/protocol/index.js';
import { connect, serve, TtrpcStatus, type RawClient } from '../../src/protocol/index.js';
import { compileEngine } from '../support/compiled-engine.js';
import { startProgram, type Program } from '../support/program.js';
import { askAs, IS_ROOT, openToAll, SECOND_USER } from '../support/second-user.js';
import { TempFolder } from '../support/temp-folder.js';
import { request } from '../support/frames.js';
import { turn } from '../support/deferred.js';

const PROGRAM = fileURLToPath(new URL('programs/cluster.ts', import.meta.url));
const PACKAGES = fileURLToPath(new URL('../../node_modules', import.meta.url));
const EMPTY = new Uint8Array(0);
const asRoot = IS_ROOT ? it : it.skip;
/** Longer than a worker takes to begin and the ones before it to end, so that whoever hangs fails. */
const TIMEOUT_MS = 30_000;

/** The program, compiled: some seventy processes begin here. */
let compiled: TempFolder;

beforeAll(() => {
  compiled = new TempFolder();
  compileEngine(compiled.path);
  symlinkSync(PACKAGES, compiled.file('node_modules'));
  const { code } = transformSync(readFileSync(PROGRAM, 'utf8'), {
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
  });
  writeFileSync(compiled.file('cluster.js'), code.replace('nestjs-ttrpc/protocol', './protocol/index.js'));
});

afterAll(() => compiled.remove());

let folder: TempFolder;
let programs: Program[];
let clients: RawClient[];

beforeEach(() => {
  folder = new TempFolder();
  programs = [];
  clients = [];
});

afterEach(async () => {
  for (const each of clients) each.close();
  for (const each of programs) await each.kill();
  const left = folder.list();
  folder.remove();
  expect(left).toEqual([]);
  expect(programs.flatMap((program) => program.left())).toEqual([]);
});

/** Begins a primary with `workers`; none of them need be able to listen. */
async function begin(
  url: string,
  policy: string,
  { workers = 3, options = {}, descriptor = -1 } = {},
): Promise<Program> {
  const args = [compiled.file('cluster.js'), String(workers), url, JSON.stringify(options)];
  const env = { NODE_CLUSTER_SCHED_POLICY: policy };
  const program = startProgram(process.execPath, args, { env, stdin: 'open', descriptor });
  programs.push(program);
  await program.shows('all ready');
  return program;
}

/** Gives the primary a command, and waits until it has obeyed. */
async function command(program: Program, text: string): Promise<void> {
  program.child.stdin?.write(`${text}\n`);
  await program.shows(`done: ${text}`);
}

async function stop(program: Program): Promise<void> {
  program.child.stdin?.write('stop\n');
  program.child.stdin?.end();
  expect(await program.ended).toMatchObject({ status: 0, stderr: '' });
}

async function client(url: string): Promise<RawClient> {
  const made = await connect(url);
  clients.push(made);
  return made;
}

async function who(on: RawClient): Promise<string> {
  return Buffer.from(await on.call('faults.v1.Counter', 'Who', EMPTY, { timeoutMs: TIMEOUT_MS })).toString();
}

async function whoAnswers(url: string, connections = 12): Promise<string[]> {
  const all = await Promise.all(Array.from({ length: connections }, async () => who(await client(url))));
  return [...new Set(all)].sort();
}

/** As {@link whoAnswers}, again until `wanted` workers have answered: one that is slow to take a connection gets the next. */
async function allWhoAnswer(url: string, wanted: number): Promise<string[]> {
  const seen = new Set<string>();
  for (let round = 0; round < 20 && seen.size < wanted; round++) {
    for (const id of await whoAnswers(url)) seen.add(id);
  }
  return [...seen].sort();
}

/** The process of a worker that has said so. */
async function pidOf(program: Program, id: string): Promise<number> {
  await program.shows(`worker ${id} is process `);
  return Number(program.output().match(new RegExp(`worker ${id} is process (\\d+)\\.`))?.[1]);
}

/** Resolves when a process that is no child of ours has ended: nothing tells, so it is looked at. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      if (/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return;
    } catch {
      return;
    }
    await turn();
  }
}

describe.each(['rr', 'none'])('workers of a cluster, scheduling policy %s', (policy) => {
  it('share one unix path, with its mode, and remove it behind the last one', async () => {
    const program = await begin(folder.url(), policy, { options: { socketMode: 0o600 } });
    expect(statSync(folder.file('s.sock')).mode & 0o777).toBe(0o600);
    const answered = policy === 'rr' ? await allWhoAnswer(folder.url(), 3) : await whoAnswers(folder.url());
    // Without the round robin the system decides who takes a connection.
    if (policy === 'rr') expect(answered).toEqual(['1', '2', '3']);
    else expect(['1', '2', '3']).toEqual(expect.arrayContaining(answered));
    await stop(program);
  });

  asRoot('give the path its owner, also when they are replaced (needs root)', async () => {
    openToAll(folder);
    const options = { socketMode: 0o600, socketOwner: SECOND_USER };
    const program = await begin(folder.url(), policy, { workers: 2, options });
    const ask = (user: typeof SECOND_USER): Promise<string> =>
      askAs(user, folder.file('s.sock'), request('faults.v1.Counter', 'Who'));
    for (let generation = 0; generation < 2; generation++) {
      expect(statSync(folder.file('s.sock'))).toMatchObject(SECOND_USER);
      expect(statSync(folder.file('s.sock')).mode & 0o777).toBe(0o600);
      expect(await ask(SECOND_USER)).toMatch(/^answered /);
      expect(await ask({ ...SECOND_USER, uid: SECOND_USER.uid - 1 })).toBe('EACCES');
      await command(program, 'restart');
    }
    await stop(program);
  });

  it('ask authorize about each connection, with the credentials of its process', async () => {
    const program = await begin(folder.url(), policy, { workers: 2, options: { authorize: 'nobody' } });
    const refused = await client(folder.url());
    await expect(who(refused)).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    await program.shows(`asked about ${process.pid}.`);
    await stop(program);
  });

  it('go on when one is killed: its calls end, nobody else notices, the file stays', async () => {
    const program = await begin(folder.url(), policy);
    const before = lstatSync(folder.file('s.sock'));
    const all = await Promise.all(Array.from({ length: 12 }, () => client(folder.url())));
    const ids = await Promise.all(all.map(who));
    const [victim = ''] = ids;
    const inFlight = all.map((each) =>
      each.call('faults.v1.Counter', 'Who', Buffer.from('300'), { timeoutMs: TIMEOUT_MS }).then(
        (answer) => Buffer.from(answer).toString(),
        (error: TtrpcError) => TtrpcStatus[error.code],
      ),
    );
    process.kill(await pidOf(program, victim), 'SIGKILL');
    await program.shows(`worker ${victim} ended: SIGKILL.`);
    expect(await Promise.all(inFlight)).toEqual(ids.map((id) => (id === victim ? 'UNAVAILABLE' : id)));
    expect(lstatSync(folder.file('s.sock'))).toMatchObject({ ino: before.ino, ctimeMs: before.ctimeMs });
    // New connections, also those of the clients that have lost theirs.
    expect(await whoAnswers(folder.url())).not.toContain(victim);
    for (const each of all) expect(await who(each)).not.toBe(victim);
    await command(program, 'add');
    await stop(program);
  });

  it('are replaced one by one under load: no call is lost but on connections to the one that leaves', async () => {
    const program = await begin(folder.url(), policy);
    let over = false;
    let answered = 0;
    const unexpected: unknown[] = [];
    const load = Array.from({ length: 6 }, async () => {
      const own = await client(folder.url());
      let last: string | undefined;
      let failures = 0;
      while (!over) {
        try {
          const id = await who(own);
          if (failures > 0 && id === last) unexpected.push(`worker ${last} went on`);
          last = id;
          failures = 0;
          answered++;
        } catch (error) {
          // Its worker leaves; the call was not handled. The next one finds another worker, which may be the next to leave.
          const { code } = error as TtrpcError;
          if (code !== TtrpcStatus.UNAVAILABLE || ++failures > 3) unexpected.push(error);
        }
      }
    });
    await command(program, 'restart');
    over = true;
    await Promise.all(load);
    expect(unexpected).toEqual([]);
    expect(answered).toBeGreaterThan(100);
    expect((await whoAnswers(folder.url())).filter((id) => Number(id) < 4)).toEqual([]);
    await stop(program);
  });

  it('share an abstract socket', async () => {
    const url = `unix-abstract:ttrpc-cluster-${process.pid}-${policy}`;
    const program = await begin(url, policy, { workers: 2 });
    const answered = policy === 'rr' ? await allWhoAnswer(url, 2) : await whoAnswers(url);
    if (policy === 'rr') expect(answered).toEqual(['1', '2']);
    await command(program, 'restart');
    expect((await whoAnswers(url)).filter((id) => Number(id) < 3)).toEqual([]);
    await stop(program);
  });

  it('share a socket that the primary was started with, as systemd starts it', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const url = `tcp://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    const { fd } = (listener as unknown as { _handle: { fd: number } })._handle;
    const beginning = begin('fd:3', policy, { workers: 2, descriptor: fd });
    // Nobody but the cluster has it.
    listener.close();
    const program = await beginning;
    const answered = policy === 'rr' ? await allWhoAnswer(url, 2) : await whoAnswers(url);
    if (policy === 'rr') expect(answered).toEqual(['1', '2']);
    await command(program, 'restart');
    expect((await whoAnswers(url)).filter((id) => Number(id) < 3)).toEqual([]);
    await stop(program);
  });

  it('say that the primary has no such socket', async () => {
    const program = await begin('fd:999', policy, { workers: 1 });
    expect(program.output()).toContain(
      'cannot listen on fd:999: the primary process of the cluster has no such listening socket (EINVAL)',
    );
    await stop(program);
  });

  it('take over a path whose cluster was killed, with all that it has left', async () => {
    const first = await begin(folder.url(), policy, { workers: 2 });
    const workers = [await pidOf(first, '1'), await pidOf(first, '2')];
    await first.kill();
    // Its workers see it go, and end by themselves.
    for (const pid of workers) await gone(pid);
    expect(folder.list()).toContain('s.sock');
    const second = await begin(folder.url(), policy, { workers: 2 });
    expect(second.output()).not.toContain('cannot listen');
    const answered = policy === 'rr' ? await allWhoAnswer(folder.url(), 2) : await whoAnswers(folder.url());
    // Without the round robin the system decides who takes a connection.
    if (policy === 'rr') expect(answered).toEqual(['1', '2']);
    else expect(['1', '2']).toEqual(expect.arrayContaining(answered));
    await stop(second);
  });

  it('leave a path alone on which another server listens', async () => {
    const other = await serve(folder.url(), {});
    const { ino } = lstatSync(folder.file('s.sock'));
    const program = await begin(folder.url(), policy, { workers: 2 });
    expect(program.output().match(/cannot listen: .*another server listens there \(EADDRINUSE\)/g)).toHaveLength(2);
    expect(lstatSync(folder.file('s.sock')).ino).toBe(ino);
    await stop(program);
    expect(lstatSync(folder.file('s.sock')).ino).toBe(ino);
    await other.close();
  });

  it('of two clusters have the path for one of them', async () => {
    const first = await begin(folder.url(), policy, { workers: 2 });
    const second = await begin(folder.url(), policy, { workers: 2 });
    expect(second.output().match(/another server listens there/g)).toHaveLength(2);
    await stop(second);
    expect((await whoAnswers(folder.url())).length).toBeGreaterThan(0);
    await stop(first);
  });

  it('say what is wrong with the place', async () => {
    writeFileSync(folder.file('file'), '');
    const program = await begin(folder.url('file/s.sock'), policy, { workers: 1 });
    expect(program.output()).toContain(`${folder.file('file')} is not a folder`);
    await stop(program);
    rmSync(folder.file('file'));
  });
});
