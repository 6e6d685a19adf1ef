import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { connect, serve, TtrpcStatus, type RawClient, type RawServer } from '../../src/protocol/index.js';
import { FrameReader } from '../../src/protocol/wire/frame-reader.js';
import { ResponseEnvelope } from '../../src/protocol/wire/response-envelope.js';
import { frame, request } from '../support/frames.js';
import { startProgram, type Program } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { turn } from '../support/deferred.js';

const RUN_SOURCES = fileURLToPath(new URL('../../scripts/typescript/register-sources.mjs', import.meta.url));
const program = (name: string): string => fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url));
const SERVICE = 'faults.v1.Counter';

let folder: TempFolder;
let programs: Program[];
let cleanUp: (() => unknown)[];

beforeEach(() => {
  folder = new TempFolder();
  programs = [];
  cleanUp = [];
});

afterEach(async () => {
  for (const each of cleanUp.reverse()) await each();
  for (const each of programs) await each.kill();
  folder.remove();
});

/** Starts a program of this folder, if wanted with few open files. */
function start(name: string, args: string[], openFiles?: number): Program {
  const command = [process.execPath, '--import', RUN_SOURCES, program(name), ...args];
  const started =
    openFiles === undefined
      ? startProgram(command[0] as string, command.slice(1))
      : startProgram('/bin/sh', ['-c', `ulimit -n ${openFiles}; exec "$0" "$@"`, ...command]);
  programs.push(started);
  return started;
}

async function serveEcho(url = folder.url()): Promise<RawServer> {
  const server = await serve(url, {
    [SERVICE]: {
      Echo: (bytes) => bytes,
      Wait: () => new Promise<never>(() => undefined),
    },
  });
  cleanUp.push(() => server.close());
  return server;
}

async function open(url = folder.url()): Promise<RawClient> {
  const client = await connect(url);
  cleanUp.push(() => client.close());
  return client;
}

const echo = async (client: RawClient, text: string, timeoutMs = 20_000): Promise<string> =>
  Buffer.from(await client.call(SERVICE, 'Echo', Buffer.from(text), { timeoutMs })).toString();

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

describe('a process that is stopped (SIGSTOP)', () => {
  it('as a server: calls end at their deadlines; when it goes on the others are answered, and none twice', async () => {
    const server = start('counter', [folder.url()]);
    await server.shows('ready');
    const client = await open();
    expect(await echo(client, 'first')).toBe('first');
    server.child.kill('SIGSTOP');
    const patient = Array.from({ length: 20 }, (_, index) => echo(client, `patient ${index}`));
    const hurried = Array.from({ length: 20 }, (_, index) =>
      echo(client, `hurried ${index}`, 50).catch((error: { code: number }) => error.code),
    );
    expect(new Set(await Promise.all(hurried))).toEqual(new Set([TtrpcStatus.DEADLINE_EXCEEDED]));
    server.child.kill('SIGCONT');
    expect(await Promise.all(patient)).toEqual(patient.map((_, index) => `patient ${index}`));
    expect(await echo(client, 'last')).toBe('last');
    const { stdout } = await server.kill();
    for (let index = 0; index < 20; index++) expect(stdout.split(`handled patient ${index}\n`)).toHaveLength(2);
  });

  it('as a client: the server serves others, and the client when it goes on', async () => {
    const server = await serveEcho();
    const caller = start('caller', [folder.url(), '5000']);
    await caller.shows('ready');
    await until(() => server.connectionCount === 1);
    caller.child.kill('SIGSTOP');
    const other = await open();
    for (let i = 0; i < 100; i++) expect(await echo(other, String(i))).toBe(String(i));
    await until(() => server.stats.calls === 0);
    expect(server.stats).toMatchObject({ connections: 2, calls: 0, bufferedBytes: 0 });
    caller.child.kill('SIGCONT');
    const { status, stdout } = await caller.ended;
    expect(status).toBe(0);
    // The one that was in flight may have run out of time while it was stopped.
    const [, answered, failed] = /answered (\d+), failed (\d+)/.exec(stdout) ?? [];
    expect(Number(answered) + Number(failed)).toBe(5000);
    expect(Number(failed)).toBeLessThanOrEqual(1);
  });
});

describe('a process without open files left (EMFILE)', () => {
  it('as a server: it lives, and serves again when connections have gone', async () => {
    const server = start('counter', [folder.url()], 120);
    await server.shows('ready');
    const client = await open();
    const sockets: Socket[] = [];
    cleanUp.push(() => sockets.forEach((socket) => socket.destroy()));
    for (let i = 0; i < 240; i++) {
      const socket = createConnection(folder.file('s.sock'));
      socket.on('error', () => undefined);
      sockets.push(socket);
      await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    }
    // Node accepts and closes those for which there is no file.
    for (const socket of sockets) socket.resume();
    await until(() => sockets.filter(({ destroyed }) => destroyed).length >= 50);
    // Those that are connected are served meanwhile.
    expect(await echo(client, 'meanwhile')).toBe('meanwhile');
    for (const socket of sockets) socket.destroy();
    expect(await echo(await open(), 'afterwards')).toBe('afterwards');
    expect(server.child.exitCode).toBeNull();
  });

  it('as a client: the call fails with UNAVAILABLE, and the next one is answered', async () => {
    await serveEcho();
    const { status, stdout, stderr } = await start('few-files', [folder.url()], 120).ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      'before: answered x',
      expect.stringMatching(new RegExp(`^without: failed ${TtrpcStatus.UNAVAILABLE} .*EMFILE`)),
      'after: answered x',
      '',
    ]);
  });
});

describe('a folder that vanishes', () => {
  it('leaves connections as they are; new ones fail, and the server closes', async () => {
    const server = await serveEcho();
    const client = await open();
    rmSync(folder.path, { recursive: true });
    expect(await echo(client, 'still')).toBe('still');
    await expect(connect(folder.url())).rejects.toMatchObject({
      code: TtrpcStatus.UNAVAILABLE,
      message: expect.stringContaining('ENOENT') as unknown,
    });
    client.close();
    await server.close();
    expect(server.connectionCount).toBe(0);
  });
});

describe('ids near the ends of the id space', () => {
  it('are served: around 2^31 and up to 2^32 - 1, with calls in flight below', async () => {
    const server = await serveEcho();
    const socket = createConnection(folder.file('s.sock'));
    cleanUp.push(() => socket.destroy());
    await once(socket, 'connect');
    const ids = [1, 2 ** 31 - 3, 2 ** 31 - 1, 2 ** 31 + 1, 2 ** 31 + 3, 2 ** 32 - 3, 2 ** 32 - 1];
    const answers = new Map<number, number>();
    const response = new ResponseEnvelope(1024);
    const reader = new FrameReader(
      {
        onFrame(id, _type, _flags, buf, from, to) {
          response.parse(buf, from, to);
          answers.set(id, response.status?.code ?? 0);
        },
        onOversizedFrame: () => undefined,
      },
      1 << 20,
    );
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    for (const [index, id] of ids.entries()) {
      socket.write(request(SERVICE, index === 2 ? 'Wait' : 'Echo', { id }));
    }
    await until(() => answers.size === ids.length - 1);
    expect([...answers]).toEqual(ids.filter((_, index) => index !== 2).map((id) => [id, 0]));
    expect(server.stats.calls).toBe(1);
    // Nothing is left of the id space: a lower id was used, or passed over.
    socket.write(request(SERVICE, 'Echo', { id: 5 }));
    await until(() => answers.has(5));
    expect(answers.get(5)).toBe(TtrpcStatus.INVALID_ARGUMENT);
  });
});

describe('half-open TCP: a network that loses everything and says nothing', () => {
  it('calls end at their deadlines, both sides close, and what was in flight counts no more', async () => {
    const server = await serveEcho('tcp://127.0.0.1:0');
    const port = Number(server.addresses[0]?.split(':').at(-1));
    let lost = false;
    const sockets: Socket[] = [];
    const network = createServer((near) => {
      const far = createConnection({ port, host: '127.0.0.1', noDelay: true });
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.push(from);
        from.on('error', () => undefined);
        from.on('data', (chunk) => {
          if (!lost) to.write(chunk);
        });
      }
    });
    network.listen(0, '127.0.0.1');
    await once(network, 'listening');
    cleanUp.push(() => {
      for (const socket of sockets) socket.destroy();
      network.close();
    });
    const client = await open(`tcp://127.0.0.1:${(network.address() as { port: number }).port}`);
    expect(await echo(client, 'before')).toBe('before');
    const waiting = client.call(SERVICE, 'Wait', Buffer.alloc(0), { timeoutMs: 300 }).catch((error: unknown) => error);
    await until(() => server.stats.calls === 1);
    lost = true;
    const during = client.call(SERVICE, 'Echo', Buffer.alloc(0), { timeoutMs: 100 }).catch((error: unknown) => error);
    expect(await during).toMatchObject({ code: TtrpcStatus.DEADLINE_EXCEEDED });
    expect(await waiting).toMatchObject({ code: TtrpcStatus.DEADLINE_EXCEEDED });
    await until(() => server.stats.calls === 0);
    client.close();
    // It does not learn that its client is gone; it can close all the same.
    expect(server.connectionCount).toBe(1);
    await server.close();
    expect(server.stats).toMatchObject({ connections: 0, calls: 0, bufferedBytes: 0 });
  });

  it('a frame that stays unfinished ends its connection after frameTimeoutMs', async () => {
    const server = await serve('tcp://127.0.0.1:0', { [SERVICE]: { Echo: (bytes) => bytes } }, { frameTimeoutMs: 100 });
    cleanUp.push(() => server.close());
    const socket = createConnection({ port: Number(server.addresses[0]?.split(':').at(-1)), host: '127.0.0.1' });
    socket.write(frame({ id: 1, type: 1, data: { fill: 0, length: 1000 } }).subarray(0, 500));
    await once(socket.resume(), 'close');
    expect(server.stats).toMatchObject({ connections: 0, refused: { frameTimeoutMs: 1 } });
  });
});

describe('threads', () => {
  it('each have clients of their own; one that is terminated leaves nothing behind', async () => {
    const server = await serveEcho();
    const source = `
      const { parentPort } = require('node:worker_threads');
      const { createConnection } = require('node:net');
      const socket = createConnection(${JSON.stringify(folder.file('s.sock'))});
      const [wait, call] = ${JSON.stringify([
        request(SERVICE, 'Wait', { id: 1 }).toString('hex'),
        request(SERVICE, 'Echo', { id: 3 }).toString('hex'),
      ])}.map((hex) => Buffer.from(hex, 'hex'));
      socket.on('data', () => parentPort.postMessage('answered'));
      socket.write(Buffer.concat([wait, call]));
    `;
    const workers = [1, 2, 3].map(() => new Worker(source, { eval: true }));
    cleanUp.push(() => Promise.all(workers.map((worker) => worker.terminate())));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    expect(server.stats).toMatchObject({ connections: 3, calls: 3 });
    await workers[0]?.terminate();
    await until(() => server.connectionCount === 2);
    expect(server.stats.calls).toBe(2);
    expect(await echo(await open(), 'x')).toBe('x');
  });
});
