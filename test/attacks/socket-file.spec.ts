import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, serve, TtrpcStatus, type RawServer, type ServerCoreOptions } from '../../src/protocol/index.js';
import { turns } from '../support/deferred.js';
import { startProgram } from '../support/program.js';
import { askAs, IS_ROOT, Knocker, openToAll, SECOND_USER } from '../support/second-user.js';
import { TempFolder } from '../support/temp-folder.js';
import { request } from '../support/frames.js';

const asRoot = IS_ROOT ? it : it.skip;

let folder: TempFolder;
let servers: RawServer[];
let umask: number;

beforeEach(() => {
  folder = new TempFolder();
  servers = [];
  // So that a file is open to everybody unless somebody closes it.
  umask = process.umask(0);
});

afterEach(async () => {
  process.umask(umask);
  await Promise.all(servers.map((server) => server.close()));
  const left = folder.list();
  folder.remove();
  expect(left).toEqual([]);
});

async function start(options: ServerCoreOptions = {}, url = folder.url()): Promise<RawServer> {
  const server = await serve(url, { 'test.v1.Echo': { Once: (bytes) => bytes } }, options);
  servers.push(server);
  return server;
}

function path(): string {
  return folder.file('s.sock');
}

/** Leaves a socket file behind that nobody listens on, as a server that was killed does. */
async function leaveStale(): Promise<void> {
  const other = createServer().listen(folder.file('x'));
  await once(other, 'listening');
  renameSync(folder.file('x'), path());
  other.close();
  await once(other, 'close');
}

async function listenPlainly(): Promise<Server> {
  const other = createServer((socket) => socket.destroy()).listen(path());
  await once(other, 'listening');
  return other;
}

describe('mode and owner', () => {
  it('are as asked for', async () => {
    await start({ socketMode: 0o640 });
    expect(statSync(path()).mode & 0o7777).toBe(0o640);
  });

  asRoot('the owner, too (needs root)', async () => {
    await start({ socketMode: 0o600, socketOwner: SECOND_USER });
    expect(statSync(path())).toMatchObject(SECOND_USER);
    openToAll(folder);
    expect(await askAs(SECOND_USER, path(), request('test.v1.Echo', 'Once'))).toMatch(/^answered /);
  });

  asRoot('the group alone (needs root)', async () => {
    await start({ socketMode: 0o660, socketOwner: { gid: SECOND_USER.gid } });
    expect(statSync(path())).toMatchObject({ uid: process.getuid?.(), gid: SECOND_USER.gid });
  });

  asRoot('are there before anybody can find the socket (needs root for a second user)', async () => {
    openToAll(folder);
    const knocker = new Knocker(SECOND_USER, path());
    await knocker.meets('ENOENT');
    for (let round = 0; round < 30; round++) {
      const server = await start({ socketMode: 0o600 });
      if (round === 0) await knocker.meets('EACCES');
      await turns(20);
      await server.close();
    }
    const counts = await knocker.stop();
    expect(Object.keys(counts).sort()).toEqual(['EACCES', 'ENOENT']);
  });

  asRoot('the second user of these tests gets in where the file is open (needs root)', async () => {
    openToAll(folder);
    await start();
    const knocker = new Knocker(SECOND_USER, path());
    await knocker.meets('connected');
    expect(await knocker.stop()).toMatchObject({ connected: expect.any(Number) });
  });

  asRoot('keep the second user out (needs root)', async () => {
    openToAll(folder);
    await start({ socketMode: 0o600 });
    expect(await askAs(SECOND_USER, path(), request('test.v1.Echo', 'Once'))).toBe('EACCES');
  });

  it.each([
    [{ socketMode: 600 }, 'socketMode: expected permission bits from 0 to 0o777, such as 0o600, got 600'],
    [
      { socketMode: '0600' as never },
      'socketMode: expected permission bits from 0 to 0o777, such as 0o600, got string "0600"',
    ],
    [{ socketMode: -1 }, 'socketMode: expected permission bits'],
    [{ socketOwner: { uid: -1 } }, 'socketOwner.uid: expected an id from 0 to 4294967294, got -1'],
    [{ socketOwner: { gid: 2 ** 32 - 1 } }, 'socketOwner.gid: expected an id'],
    [{ socketOwner: 'root' as never }, 'socketOwner: expected { uid, gid }, got string "root"'],
  ])('that cannot be are refused: %j', async (options, message) => {
    await expect(start(options)).rejects.toThrow(message);
  });

  it('are refused where there is no file', async () => {
    await expect(start({ socketMode: 0o600 }, 'tcp://127.0.0.1:0')).rejects.toThrow(
      'socketMode and socketOwner protect the file of a unix socket; tcp://127.0.0.1:0 has none: use authorize',
    );
  });
});

describe('a stale socket file', () => {
  it('is replaced', async () => {
    await leaveStale();
    await start();
    const client = await connect(folder.url());
    expect(await client.call('test.v1.Echo', 'Once', Buffer.from('x'))).toEqual(new Uint8Array(Buffer.from('x')));
    client.close();
  });

  it('is replaced by one of ten servers that want it at a time; the others learn that it is taken', async () => {
    await leaveStale();
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => start()));
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
    expect(errors).toHaveLength(9);
    for (const error of errors) {
      expect(error).toMatchObject({
        code: TtrpcStatus.FAILED_PRECONDITION,
        message: `cannot listen on unix socket ${path()}: another server listens there (EADDRINUSE)`,
      });
    }
    const client = await connect(folder.url());
    client.close();
  });
});

describe('a socket file that is not ours', () => {
  it('is never taken from a live server', async () => {
    const other = await listenPlainly();
    const { ino } = lstatSync(path());
    await expect(start()).rejects.toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: `cannot listen on unix socket ${path()}: another server listens there (EADDRINUSE)`,
    });
    expect(lstatSync(path()).ino).toBe(ino);
    other.close();
  });

  it('is never taken from a live server whose queue is full', async () => {
    // It listens and never accepts.
    const code = `const s = require('node:net').createServer().listen({ path: process.argv[1], backlog: 1 }, () => {
      console.log('listening'); require('node:fs').readSync(0, Buffer.alloc(1)); s.close(); })`;
    const program = startProgram(process.execPath, ['-e', code, path()], { stdin: 'open' });
    await program.shows('listening');
    const waiting = Array.from({ length: 5 }, () => createConnection(path()).on('error', () => undefined));
    await Promise.race(waiting.map((socket) => new Promise((resolve) => socket.on('close', resolve))));
    await expect(start()).rejects.toThrow('another server listens there (EADDRINUSE)');
    for (const socket of waiting) socket.destroy();
    program.child.stdin?.end();
    await program.ended;
  });

  it.each([
    ['a file', () => writeFileSync(path(), 'precious')],
    ['a folder', () => mkdirSync(path())],
    ['a symbolic link to nowhere', () => symlinkSync(folder.file('nowhere'), path())],
    ['a pipe', () => spawnSync('mkfifo', [path()])],
  ])('is no socket: %s is left alone', async (_what, make) => {
    make();
    const before = lstatSync(path());
    await expect(start()).rejects.toThrow(
      `cannot listen on unix socket ${path()}: a file that is not a socket is there; remove it, or choose another path`,
    );
    expect(lstatSync(path())).toMatchObject({ ino: before.ino, ctimeMs: before.ctimeMs });
    rmSync(path(), { recursive: true });
  });

  it('stays when a server closes whose own was replaced', async () => {
    const server = await start();
    unlinkSync(path());
    const other = await listenPlainly();
    const { ino } = lstatSync(path());
    await server.close();
    expect(lstatSync(path()).ino).toBe(ino);
    other.close();
  });

  it('stays when a server closes whose own was moved away', async () => {
    const server = await start();
    renameSync(path(), folder.file('moved'));
    writeFileSync(path(), 'precious');
    await server.close();
    expect(readFileSync(path(), 'utf8')).toBe('precious');
    expect(folder.list().sort()).toEqual(['moved', 's.sock']);
    rmSync(path());
    rmSync(folder.file('moved'));
  });
});

describe('when a server closes', () => {
  it('its file is gone, and a new one can take the place at once', async () => {
    for (let round = 0; round < 20; round++) {
      const server = await start();
      const closing = server.close();
      expect(folder.list()).toEqual([]);
      await start().then((next) => next.close());
      await closing;
    }
  });
});
