import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  connect,
  requireRoot,
  requireUidGid,
  sameUser,
  serve,
  TtrpcStatus,
  type Peer,
  type RawServer,
  type ServerCoreOptions,
} from '../../src/protocol/index.js';
import { ServerCore } from '../../src/protocol/server/server.js';
import { compileEngine } from '../support/compiled-engine.js';
import { deferred, type Deferred } from '../support/deferred.js';
import { askAs, IS_ROOT, openToAll, SECOND_USER } from '../support/second-user.js';
import { TempFolder } from '../support/temp-folder.js';
import { request } from '../support/frames.js';

const asRoot = IS_ROOT ? it : it.skip;
const HELLO = request('test.v1.Echo', 'Once');
const OTHERS = { uid: SECOND_USER.uid + 1, gid: SECOND_USER.gid };

let folder: TempFolder;
let server: RawServer;
let peers: Peer[];

beforeEach(() => {
  folder = new TempFolder();
  openToAll(folder);
  peers = [];
});

afterEach(async () => {
  await server.close();
  folder.remove();
});

async function start(
  authorize?: ServerCoreOptions['authorize'],
  url = folder.url(),
  limits: ServerCoreOptions = {},
): Promise<void> {
  server = await serve(
    url,
    {
      'test.v1.Echo': {
        Once: (bytes, { peer }) => {
          peers.push(peer);
          return bytes;
        },
      },
    },
    { ...limits, authorize, socketMode: url.startsWith('unix:/') ? 0o666 : undefined },
  );
}

/** What this process itself gets: `answered`, or the code of what it gets instead. */
async function ask(target = folder.url()): Promise<string> {
  const client = await connect(target);
  try {
    await client.call('test.v1.Echo', 'Once', new Uint8Array(0));
    return 'answered';
  } catch (error) {
    return TtrpcStatus[(error as { code: TtrpcStatus }).code];
  } finally {
    client.close();
  }
}

describe('the credentials of a peer', () => {
  it('are those of the process that has connected', async () => {
    await start();
    expect(await ask()).toBe('answered');
    const { geteuid, getegid, pid } = process;
    expect(peers[0]?.credentials).toEqual({ pid, uid: geteuid?.(), gid: getegid?.() });
  });

  it('are those over an abstract socket, too', async () => {
    await start(undefined, `unix-abstract:${folder.path}`);
    expect(await ask(`unix-abstract:${folder.path}`)).toBe('answered');
    expect(peers[0]?.credentials).toMatchObject({ pid: process.pid });
  });

  asRoot('are those of another user (needs root)', async () => {
    await start();
    expect(await askAs(SECOND_USER, folder.file('s.sock'), HELLO)).toMatch(/^answered/);
    expect(peers[0]?.credentials).toEqual({ pid: expect.any(Number), ...SECOND_USER });
    expect(peers[0]?.credentials?.pid).not.toBe(process.pid);
  });

  it('are unknown over TCP', async () => {
    await start(undefined, 'tcp://127.0.0.1:0');
    expect(await ask(server.addresses[0])).toBe('answered');
    expect(peers[0]?.credentials).toBeUndefined();
  });
});

describe.each([
  ['sameUser()', sameUser, { self: true, second: false }],
  ['requireRoot()', requireRoot, { self: IS_ROOT, second: false }],
  [
    'requireUidGid() of the second user',
    () => requireUidGid(SECOND_USER.uid, SECOND_USER.gid),
    { self: false, second: true },
  ],
  ['requireUidGid() with another uid', () => requireUidGid(OTHERS.uid, OTHERS.gid), { self: false, second: false }],
  [
    'requireUidGid() with another gid',
    () => requireUidGid(SECOND_USER.uid, SECOND_USER.gid + 1),
    { self: false, second: false },
  ],
])('%s', (_name, make, lets) => {
  it(`${lets.self ? 'lets' : 'does not let'} this process in`, async () => {
    await start(make());
    expect(await ask()).toBe(lets.self ? 'answered' : 'UNAVAILABLE');
    expect(server.stats.refused.authorize).toBe(lets.self ? 0 : 1);
  });

  asRoot(`${lets.second ? 'lets' : 'does not let'} another user in (needs root)`, async () => {
    await start(make());
    expect(await askAs(SECOND_USER, folder.file('s.sock'), HELLO)).toMatch(lets.second ? /^answered/ : /^closed$/);
    expect(server.stats.refused.authorize).toBe(lets.second ? 0 : 1);
    expect(peers).toHaveLength(lets.second ? 1 : 0);
  });

  it('lets nobody in over TCP, where there are no credentials', async () => {
    await start(make(), 'tcp://127.0.0.1:0');
    expect(await ask(server.addresses[0])).toBe('UNAVAILABLE');
    expect(server.stats.refused.authorize).toBe(1);
  });
});

describe('requireUidGid()', () => {
  it.each([
    [-1, 0],
    [0, 1.5],
    [NaN, 0],
    ['0' as never, 0],
  ])('refuses %p, %p', async (uid, gid) => {
    await start();
    expect(() => requireUidGid(uid, gid)).toThrow(/^[ug]id: expected an id of 0 or more, got /);
  });
});

describe('authorize()', () => {
  it.each([
    ['false', () => false],
    ['what is not true', () => 'yes' as never],
    ['nothing', () => undefined as never],
    ['a promise of false', () => Promise.resolve(false)],
    ['an error', () => Promise.reject(new Error('no such user'))],
    [
      'an error that is thrown',
      () => {
        throw new Error('no such user');
      },
    ],
  ])('that gives %s lets nobody in: no frame is handled', async (_what, authorize) => {
    await start(authorize);
    expect(await ask()).toBe('UNAVAILABLE');
    expect(peers).toEqual([]);
    expect(server.stats).toMatchObject({ connections: 0, refused: { authorize: 1 } });
  });

  it('that takes its time holds the first frames back; none is lost', async () => {
    const decision = deferred<boolean>();
    const asked = deferred();
    await start(() => {
      asked.resolve();
      return decision.promise;
    });
    const answer = ask();
    await asked.promise;
    expect(peers).toEqual([]);
    decision.resolve(true);
    expect(await answer).toBe('answered');
  });

  it('has a peer that is gone by the time it decides: nothing is served', async () => {
    const decision = deferred<boolean>();
    const asked = deferred();
    await start(() => {
      asked.resolve();
      return decision.promise;
    });
    const socket = createConnection(folder.file('s.sock'));
    await asked.promise;
    socket.destroy();
    decision.resolve(true);
    while (server.stats.connections > 0 || server.connectionCount > 0) await new Promise(setImmediate);
    expect(server.stats.refused.authorize).toBe(0);
  });
});

describe('peers about which authorize() is asked', () => {
  const limits = { maxConnections: 2, authorizeTimeoutMs: 3_600_000 };
  let full: Deferred<void>;

  /** What {@link start} takes for a server that never answers about the first `count` peers, and lets in all others. */
  function silentAbout(count: number, url = folder.url(), options = limits): Parameters<typeof start> {
    let asked = 0;
    full = deferred();
    const authorize = (): boolean | Promise<never> => {
      if (++asked === count) full.resolve();
      return asked > count || new Promise<never>(() => undefined);
    };
    return [authorize, url, options];
  }

  /** Takes both places with peers that have sent `bytes`. */
  async function fill(open: () => Socket, bytes: Uint8Array): Promise<Socket[]> {
    const sockets = [open(), open()];
    for (const socket of sockets) {
      socket.on('error', () => undefined);
      socket.write(bytes);
    }
    await full.promise;
    expect(await ask(server.addresses[0])).toBe('UNAVAILABLE');
    expect(server.stats.refused).toMatchObject({ maxConnections: 1, authorize: 0 });
    return sockets;
  }

  it.each([
    ['that leave', new Uint8Array(0)],
    ['that leave when they have sent a frame', HELLO],
    ['that leave when they have sent more than is read', new Uint8Array(1024 * 1024)],
  ])('%s free their places', async (_what, bytes) => {
    await start(...silentAbout(2));
    const sockets = await fill(() => createConnection(folder.file('s.sock')), bytes);
    for (const socket of sockets) socket.destroy();
    while ((await ask()) !== 'answered') await new Promise(setImmediate);
    expect(server.stats.refused.authorize).toBe(0);
  });

  it.each([
    ['that leave', new Uint8Array(0), 'destroy'],
    ['that reset their connection', new Uint8Array(0), 'resetAndDestroy'],
    ['that reset their connection when they have sent a frame', HELLO, 'resetAndDestroy'],
  ] as const)('%s free their places over TCP, too', async (_what, bytes, leave) => {
    await start(...silentAbout(2, 'tcp://127.0.0.1:0'));
    const [address = ''] = server.addresses;
    const sockets = await fill(() => createConnection(Number(new URL(address).port), '127.0.0.1'), bytes);
    for (const socket of sockets) socket[leave]();
    while ((await ask(address)) !== 'answered') await new Promise(setImmediate);
    expect(server.stats.refused.authorize).toBe(0);
  });

  it('that leave over TCP when they have sent a frame free their places in time', async () => {
    // Their end is behind what nobody has read yet: the limit in time tells.
    await start(...silentAbout(2, 'tcp://127.0.0.1:0', { ...limits, authorizeTimeoutMs: 100 }));
    const [address = ''] = server.addresses;
    const open = (): Socket => createConnection(Number(new URL(address).port), '127.0.0.1');
    for (const socket of [open(), open()]) {
      await once(socket, 'connect');
      socket.end(HELLO);
      socket.on('error', () => undefined).resume();
    }
    await full.promise;
    // Each of them has a limit of its own: one place may be free before the other.
    while (server.stats.refused.authorize < 2) await ask(address);
    expect(await ask(address)).toBe('answered');
    expect(server.stats.refused.authorize).toBe(2);
  });

  it('are refused, counted and logged when it does not answer in time; a late answer is none', async () => {
    const decision = deferred<boolean>();
    const refused: string[] = [];
    const core = new ServerCore(
      { authorize: () => decision.promise, authorizeTimeoutMs: 20 },
      { onRefused: (reason, _peer, what) => refused.push(`${reason}: ${what}`) },
    );
    await core.listen([folder.url()]);
    try {
      expect(await ask()).toBe('UNAVAILABLE');
      expect(refused).toEqual(['authorize: authorize() did not settle within 20 ms']);
      decision.resolve(true);
      await decision.promise;
      expect(core.stats).toMatchObject({ connections: 0, refused: { authorize: 1 } });
    } finally {
      await core.close();
    }
    await start();
  });

  it('are closed with the server', async () => {
    const asked = deferred();
    await start(
      () => {
        asked.resolve();
        return new Promise<never>(() => undefined);
      },
      undefined,
      limits,
    );
    const answer = ask();
    await asked.promise;
    await server.close();
    expect(await answer).toBe('UNAVAILABLE');
  });

  it.each([
    [{ authorizeTimeoutMs: 0 }, 'authorizeTimeoutMs: expected a number of milliseconds above 0, got 0'],
    [
      { authorizeTimeoutMs: '5' as never },
      'authorizeTimeoutMs: expected a number of milliseconds above 0, got string "5"',
    ],
    [{ authorize: true as never }, 'authorize: expected a function such as sameUser(), got boolean true'],
  ])('wrong options: %p', async (options, message) => {
    await start();
    expect(() => new ServerCore(options)).toThrow(message);
  });
});

describe('TCP', () => {
  it('without a host listens on the loopback address only', async () => {
    await start(undefined, 'tcp://:0');
    const [address = ''] = server.addresses;
    expect(address).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    expect(await ask(address)).toBe('answered');
    const port = Number(address.slice(address.lastIndexOf(':') + 1));
    // Another loopback address stands for those of the network, which a machine need not have.
    const elsewhere = ['127.0.0.2', ...outsideAddresses()];
    expect(await Promise.all(elsewhere.map((host) => reached(host, port)))).toEqual(
      elsewhere.map(() => 'ECONNREFUSED'),
    );
  });

  it('listens elsewhere when the address says so', async () => {
    await start(undefined, 'tcp://127.0.0.2:0');
    expect(server.addresses[0]).toMatch(/^tcp:\/\/127\.0\.0\.2:/);
  });
});

/** Serves `unix:<argument>` to the same user only, calls itself, and prints what came of it. */
const PROGRAM = `
const serving = new ServerCore({ authorize: sameUser() }, { onRefused: (_reason, _peer, what) => console.log(what) });
serving.listen([process.argv[2]]).catch(async (error) => {
  console.log(error.code, error.message);
  // Whatever else comes in: nobody can say who it is.
  const other = createServer((socket) => serving.accept(socket, 'duplex')).listen(process.argv[2].slice('unix://'.length));
  const client = await connect(process.argv[2]);
  await client.call('a', 'b', new Uint8Array(0)).catch((refused) => console.log(String(refused.code)));
  client.close();
  other.close();
  await serving.close();
});`;

describe('where koffi is not installed', () => {
  it.each(['es6', 'commonjs'] as const)(
    'authorisation by credentials does not listen and lets nobody in, also where the working directory has a koffi of its own (%s)',
    async (format) => {
      await start();
      // A copy of the engine away from every node_modules, run in a folder that somebody else has prepared.
      const app = folder.file('app');
      compileEngine(app, format);
      writeFileSync(
        join(app, 'main.js'),
        importing({ ServerCore: 'server/server', sameUser: 'server/authorize', connect: 'client/connect' }, format) +
          PROGRAM,
      );
      const trap = join(folder.file('trap'), 'node_modules/koffi');
      mkdirSync(trap, { recursive: true });
      writeFileSync(
        join(trap, 'index.js'),
        `console.log('TRAPPED'); exports.load = () => ({ func: () => (_fd, _level, _name, ids) => (ids.fill(0), 0) });`,
      );
      const url = folder.url('p.sock');
      const { stdout, stderr, status } = spawnSync(process.execPath, [join(app, 'main.js'), url], {
        cwd: folder.file('trap'),
        encoding: 'utf8',
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout.trim().split('\n').sort()).toEqual([
        String(TtrpcStatus.UNAVAILABLE),
        `${TtrpcStatus.FAILED_PRECONDITION} authorize: sameUser() goes by the credentials of peers, which cannot be read: that takes the package koffi, which is not installed or does not load here; run: npm install koffi`,
        'authorize() failed: the credentials of the peer on duplex cannot be read: that takes Linux, a unix socket and the package koffi',
      ]);
    },
  );
});

function importing(names: Record<string, string>, format: 'es6' | 'commonjs'): string {
  const lines = Object.entries(names).map(([name, file]) =>
    format === 'es6'
      ? `import { ${name} } from './protocol/${file}.js';`
      : `const { ${name} } = require('./protocol/${file}.js');`,
  );
  const net = "'node:net'";
  lines.push(format === 'es6' ? `import { createServer } from ${net};` : `const { createServer } = require(${net});`);
  return lines.join('\n');
}

function outsideAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) =>
    all.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address),
  );
}

async function reached(host: string, port: number): Promise<string> {
  const socket = createConnection({ host, port });
  return new Promise((resolve) => {
    socket.on('connect', () => (socket.destroy(), resolve('connected')));
    socket.on('error', (error: { code?: string }) => resolve(error.code ?? 'an error'));
  });
}
