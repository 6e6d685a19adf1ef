import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, serve, TtrpcStatus, type RawServer, type TtrpcError } from '../../src/protocol/index.js';
import { ServerCore } from '../../src/protocol/server/server.js';
import { TempFolder } from '../support/temp-folder.js';

const ECHO = { 'test.v1.Echo': { Once: (bytes: Uint8Array) => bytes } };
const PING = Buffer.from('ping');

let folder: TempFolder;
let home: string;

beforeEach(() => {
  folder = new TempFolder();
  home = process.cwd();
});

afterEach(() => {
  process.chdir(home);
  const left = folder.list();
  folder.remove();
  expect(left).toEqual([]);
});

async function answers(url: string): Promise<boolean> {
  const client = await connect(url);
  try {
    return PING.equals(await client.call('test.v1.Echo', 'Once', PING));
  } finally {
    client.close();
  }
}

describe('a relative path after process.chdir()', () => {
  it('is still the one that it was when the server was made: clients find it, and its file is removed', async () => {
    process.chdir(folder.path);
    const core = new ServerCore();
    process.chdir(home);
    expect(await core.listen(['unix:s.sock'])).toEqual([folder.url()]);
    expect(folder.list()).toEqual(['s.sock']);
    await core.close();
    expect(folder.list()).toEqual([]);
  });

  it('is still the one that it was when the client was made, for later connections, too', async () => {
    const server = await serve(folder.url(), ECHO);
    process.chdir(folder.path);
    const client = await connect('s.sock');
    process.chdir(home);
    expect(PING.equals(await client.call('test.v1.Echo', 'Once', PING, { dedicated: true }))).toBe(true);
    client.close();
    await server.close();
  });

  it('in a folder whose absolute path is too long for a socket', async () => {
    const deep = folder.file('x'.repeat(120));
    mkdirSync(deep);
    process.chdir(deep);
    const server = await serve('unix:s.sock', ECHO);
    expect(await answers('unix:s.sock')).toBe(true);
    process.chdir(home);
    await server.close();
    rmSync(deep, { recursive: true });
  });

  it('is an error where the working directory is gone', async () => {
    const gone = folder.file('gone');
    mkdirSync(gone);
    process.chdir(gone);
    rmSync(gone, { recursive: true });
    const message = 'address "unix:s.sock": a relative path needs the working directory, which no longer exists';
    await expect(serve('unix:s.sock', ECHO)).rejects.toThrow(message);
    await expect(connect('unix:s.sock')).rejects.toThrow(message);
    // Others do not need it.
    const server = await serve(folder.url(), ECHO);
    expect(await answers(folder.url())).toBe(true);
    await server.close();
  });
});

describe('a folder that vanishes', () => {
  it('under a server: it closes well, and a new one says so', async () => {
    mkdirSync(folder.file('run'));
    const server = await serve(folder.url('run/s.sock'), ECHO);
    rmSync(folder.file('run'), { recursive: true });
    await server.close();
    await expect(serve(folder.url('run/s.sock'), ECHO)).rejects.toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: `cannot listen on unix socket ${folder.file('run/s.sock')}: the folder ${folder.file('run')} does not exist`,
    });
  });

  it('is named also when it is a file', async () => {
    writeFileSync(folder.file('run'), '');
    await expect(serve(folder.url('run/s.sock'), ECHO)).rejects.toThrow(`${folder.file('run')} is not a folder`);
    rmSync(folder.file('run'));
  });
});

describe('errors of an address', () => {
  it('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const url = `tcp://127.0.0.1:${(other.address() as AddressInfo).port}`;
    await expect(serve(url, ECHO)).rejects.toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: `cannot listen on ${url}: another server listens there (EADDRINUSE)`,
    });
    other.close();
  });

  it('an address of another machine', async () => {
    await expect(serve('tcp://192.0.2.1:0', ECHO)).rejects.toThrow(
      'cannot listen on tcp://192.0.2.1:0: this machine has no such address (EADDRNOTAVAIL)',
    );
  });

  it('a descriptor that is not there, on both sides', async () => {
    await expect(serve('fd:999', ECHO)).rejects.toThrow(
      'cannot listen on fd:999: this process has no such descriptor (EBADF)',
    );
    await expect(connect('fd:999')).rejects.toMatchObject({
      code: TtrpcStatus.UNAVAILABLE,
      message: 'cannot connect to fd:999: this process has no such descriptor (EBADF)',
    });
  });
});

describe('lifecycles of a server', () => {
  /** What is done one after the other, without waiting in between: l(isten), c(lose). */
  const ORDERS = ['l', 'c', 'll', 'lc', 'cl', 'cc', 'llc', 'lcl', 'lcc', 'cll', 'clc', 'ccl', 'lclc', 'llcc'];

  it.each(ORDERS)('%s: each step ends, and nothing is left', async (order) => {
    const core = new ServerCore();
    const steps = [...order].map((step) => (step === 'l' ? core.listen([folder.url()]) : core.close()));
    const results = await Promise.allSettled(steps);
    for (const [index, { status }] of results.entries()) if (order[index] === 'c') expect(status).toBe('fulfilled');
    await core.close();
    expect(core.addresses).toEqual([]);
    expect(folder.list()).toEqual([]);
    const next: RawServer = await serve(folder.url(), ECHO);
    expect(await answers(folder.url())).toBe(true);
    await next.close();
  });

  /** All words of three of l(isten), o(pen a client, which makes one call) and c(lose). */
  const LIFECYCLES = ['l', 'o', 'c'].flatMap((a) =>
    ['l', 'o', 'c'].flatMap((b) => ['l', 'o', 'c'].map((c) => a + b + c)),
  );

  /** What comes of one step: `done`, or the name of its error's code. */
  async function take(step: string, core: ServerCore): Promise<string> {
    try {
      if (step === 'l') await core.listen([folder.url()]);
      else if (step === 'c') await core.close();
      else await answers(folder.url());
      return 'done';
    } catch (error) {
      return TtrpcStatus[(error as TtrpcError).code] ?? String(error);
    }
  }

  /** A core that serves nothing, but answers. */
  const SERVED = 'UNIMPLEMENTED';

  it.each(LIFECYCLES)('%s, one step behind the other: each does what it says', async (lifecycle) => {
    const core = new ServerCore();
    let [listens, closed] = [false, false];
    for (const step of lifecycle) {
      const result = await take(step, core);
      if (step === 'c') expect(result).toBe('done');
      if (step === 'o') expect(result).toBe(listens ? SERVED : 'UNAVAILABLE');
      if (step === 'l') expect(result).toBe(closed ? 'UNAVAILABLE' : listens ? 'FAILED_PRECONDITION' : 'done');
      closed ||= step === 'c';
      // An address that cannot be bound makes it give up all that it has.
      listens = !closed && (step === 'l' ? result === 'done' : listens);
      expect(folder.list()).toEqual(listens ? ['s.sock'] : []);
    }
    await core.close();
    expect(core.stats).toMatchObject({ connections: 0, calls: 0 });
  });

  it.each(LIFECYCLES)('%s, all at once: each ends, and nothing is left', async (lifecycle) => {
    const core = new ServerCore();
    const results = await Promise.all([...lifecycle].map((step) => take(step, core)));
    for (const [index, result] of results.entries()) {
      if (lifecycle[index] === 'c') expect(result).toBe('done');
      if (lifecycle[index] === 'o') expect([SERVED, 'UNAVAILABLE']).toContain(result);
      if (lifecycle[index] === 'l') expect(['done', 'FAILED_PRECONDITION', 'UNAVAILABLE']).toContain(result);
    }
    await core.close();
    expect(core.stats).toMatchObject({ connections: 0, calls: 0 });
    expect(folder.list()).toEqual([]);
  });
});
