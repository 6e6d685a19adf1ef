import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  connect,
  serve,
  TtrpcStatus,
  type RawClientOptions,
  type RawServer,
  type ServerCoreOptions,
} from '../../src/protocol/index.js';
import { deferred, type Deferred, turn } from '../support/deferred.js';
import { TempFolder } from '../support/temp-folder.js';
import { frame, request } from '../support/frames.js';

const KIB = 1024;
const SERVICE = 'test.v1.Test';

let folder: TempFolder;
let server: RawServer | undefined;
let sockets: Socket[];
let release: Deferred<Uint8Array>;
let running: number;

beforeEach(() => {
  folder = new TempFolder();
  sockets = [];
  release = deferred();
  running = 0;
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await server?.close();
  expect(server?.stats.bufferedBytes ?? 0).toBe(0);
  server = undefined;
  folder.remove();
});

async function start(options: ServerCoreOptions): Promise<RawServer> {
  server = await serve(
    folder.url(),
    {
      [SERVICE]: {
        Echo: (bytes) => bytes,
        Wait: () => {
          running++;
          return release.promise;
        },
        Give: () => new Uint8Array(200 * KIB),
        Take: { shape: 'client-streaming', handle: () => release.promise },
      },
    },
    options,
  );
  return server;
}

/** A connection that reads nothing of what it gets. */
async function attacker(): Promise<Socket> {
  const socket = createConnection(folder.file('s.sock'));
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket.pause();
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** Another client is served all the same. */
async function expectOthersServed(): Promise<void> {
  const client = await connect(folder.url());
  expect(await client.call(SERVICE, 'Echo', Buffer.from('x'))).toEqual(new Uint8Array(Buffer.from('x')));
  client.close();
}

describe('a server', () => {
  it('holds unsent answers up to the limit of a connection', async () => {
    const { stats } = await start({ maxBufferedBytes: 256 * KIB, maxBufferedBytesPerConnection: 1024 * KIB });
    expect(stats.bufferedBytes).toBe(0);
    const socket = await attacker();
    for (let id = 1; id < 100; id += 2) socket.write(request(SERVICE, 'Give', { id }));
    await until(() => (server?.stats.refused.maxBufferedBytes ?? 0) > 0);
    expect(server?.stats.bufferedBytes).toBeLessThanOrEqual(1224 * KIB);
    await expectOthersServed();
  });

  it('holds unsent answers up to the limit of the server, each on a connection of its own, too', async () => {
    await start({
      maxBufferedBytes: 64 * KIB,
      maxBufferedBytesPerServer: 1024 * KIB,
      maxBufferedBytesPerConnection: 1024 * KIB,
    });
    for (let i = 0; i < 30; i++) {
      const socket = await attacker();
      for (const id of [1, 3]) socket.write(request(SERVICE, 'Give', { id }));
    }
    await until(() => (server?.stats.refused.maxBufferedBytes ?? 0) > 10);
    expect(server?.stats.bufferedBytes).toBeLessThanOrEqual(1024 * KIB);
    await expectOthersServed();
  });

  it('holds unfinished frames up to the limit of the server', async () => {
    await start({ maxBufferedBytesPerServer: 1024 * KIB, maxBufferedBytesPerConnection: 1024 * KIB });
    const payload = { fill: 0, length: 400 * KIB };
    const unfinished = request(SERVICE, 'Wait', { payload }).subarray(0, 399 * KIB);
    for (let i = 0; i < 10; i++) (await attacker()).write(unfinished);
    await until(() => (server?.stats.refused.maxBufferedBytes ?? 0) >= 5);
    expect(server?.stats.bufferedBytes).toBeLessThanOrEqual(1024 * KIB);
    await expectOthersServed();
  });

  it('holds nothing for the header of a large frame', async () => {
    await start({});
    const header = request(SERVICE, 'Echo', { payload: { fill: 0, length: 4000 * KIB } }).subarray(0, 10);
    const attackers: Socket[] = [];
    for (let i = 0; i < 200; i++) attackers.push(await attacker());
    const before = process.memoryUsage().external;
    const taken = attackers.map((socket) => new Promise((resolve) => socket.write(header, resolve)));
    await Promise.all(taken);
    await expectOthersServed();
    expect(process.memoryUsage().external - before).toBeLessThan(16 * 1024 * KIB);
    expect(server?.stats).toMatchObject({ connections: 201, bufferedBytes: 0 });
  });

  it('holds requests in flight up to the limit of a connection; what was refused is RESOURCE_EXHAUSTED', async () => {
    await start({ maxBufferedBytesPerConnection: 1024 * KIB });
    const client = await connect(folder.url());
    const calls = Array.from({ length: 20 }, () =>
      client.call(SERVICE, 'Wait', new Uint8Array(100 * KIB)).then(
        () => 'answered',
        (error: { code: TtrpcStatus }) => TtrpcStatus[error.code],
      ),
    );
    await until(() => running === 10 && server?.stats.refused.maxBufferedBytes === 10);
    release.resolve(new Uint8Array(0));
    const results = await Promise.all(calls);
    expect(results.filter((result) => result === 'answered')).toHaveLength(10);
    expect(results.filter((result) => result === 'RESOURCE_EXHAUSTED')).toHaveLength(10);
    client.close();
  });

  it('holds back what handlers do not take, all streams of a connection together', async () => {
    await start({ maxBufferedBytesPerConnection: 512 * KIB });
    const socket = await attacker();
    for (let id = 1; id < 60; id += 2) {
      socket.write(request(SERVICE, 'Take', { id, flags: 6 }));
      socket.write(frame({ id, type: 3, data: { fill: 0, length: 100 * KIB } }));
    }
    await until(() => (server?.stats.bufferedBytes ?? 0) > 400 * KIB);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server?.stats.bufferedBytes).toBeLessThan(900 * KIB);
    await expectOthersServed();
  });

  it('counts handlers that go on after their calls have ended', async () => {
    await start({ maxConcurrentCalls: 5 });
    const client = await connect(folder.url());
    const codes: string[] = [];
    for (let i = 0; i < 8; i++) {
      const call = client.call(SERVICE, 'Wait', new Uint8Array(0), { timeoutMs: 30 });
      codes.push(
        await call.then(
          () => 'answered',
          (error: { code: TtrpcStatus }) => TtrpcStatus[error.code] ?? '',
        ),
      );
      // The server's own timer may be later than the client's.
      await until(() => server?.stats.calls === 0);
    }
    expect(running).toBe(5);
    expect(codes.slice(5)).toEqual(Array.from({ length: 3 }, () => 'RESOURCE_EXHAUSTED'));
    release.resolve(new Uint8Array(0));
    expect(await client.call(SERVICE, 'Echo', new Uint8Array(0))).toEqual(new Uint8Array(0));
    client.close();
  });

  it('serves others while 300 connections come and go and 200 stay', async () => {
    await start({});
    for (let i = 0; i < 200; i++) await attacker();
    for (let i = 0; i < 300; i++) (await attacker()).destroy();
    await expectOthersServed();
    await until(() => server?.connectionCount === 200);
  });
});

describe('a client of a hostile server', () => {
  let hostile: Server;
  afterEach(() => void hostile.close());

  /** Answers whatever comes first on a connection with these bytes. */
  async function answering(bytes: Buffer, options: RawClientOptions = {}): ReturnType<typeof connect> {
    hostile = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined).once('data', () => socket.write(bytes));
    }).listen(folder.file('s.sock'));
    await once(hostile, 'listening');
    return connect(folder.url(), options);
  }

  it('drops the details of a status that is too large, keeps its code and says so', async () => {
    const details = Array.from({ length: 100_000 }, () => ({ typeUrl: '', value: { hex: '' } }));
    const status = { code: '5', message: 'no such thing', details };
    const client = await answering(frame({ id: 1, type: 2, data: { response: { status } } }));
    const failed = await client.call(SERVICE, 'Echo', new Uint8Array(0)).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: TtrpcStatus.NOT_FOUND, details: [], limit: 'maxStatusBytes' });
    expect(String(failed)).toContain('no such thing (cut, without details: the status exceeds 2097152 bytes)');
    client.close();
  });

  it('cuts a message that is too long, and not within a character', async () => {
    const status = { code: '5', message: 'ü'.repeat(1000) };
    const client = await answering(frame({ id: 1, type: 2, data: { response: { status } } }), { maxStatusBytes: 101 });
    const failed = (await client.call(SERVICE, 'Echo', new Uint8Array(0)).catch((error: unknown) => error)) as Error;
    expect(failed.message).toMatch(/^ü{50} \(cut/);
    client.close();
  });

  it('ends its calls when a frame is not finished in time', async () => {
    const half = frame({ id: 1, type: 2, data: { fill: 0, length: 100 } }).subarray(0, 50);
    const client = await answering(half, { frameTimeoutMs: 100 });
    await expect(client.call(SERVICE, 'Echo', new Uint8Array(0))).rejects.toMatchObject({
      code: TtrpcStatus.UNAVAILABLE,
      limit: 'frameTimeoutMs',
    });
    client.close();
  });

  it.each([
    [{ maxStatusBytes: 0 }, 'maxStatusBytes: expected a positive integer, got 0'],
    [{ frameTimeoutMs: -1 }, 'frameTimeoutMs: expected a number of milliseconds above 0, got -1'],
  ])('refuses %j', async (options, message) => {
    hostile = createServer();
    await expect(connect(folder.url(), options)).rejects.toThrow(message);
  });
});
