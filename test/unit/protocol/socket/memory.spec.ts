import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { connect, serve, TtrpcStatus, type RawServer } from '../../../../src/protocol/index.js';
import { Channel } from '../../../../src/protocol/client/channel.js';
import { sameUser } from '../../../../src/protocol/server/authorize.js';
import { MemoryEnd } from '../../../../src/protocol/socket/memory-pair.js';
import { parseAddress } from '../../../../src/protocol/socket/address.js';
import { turns } from '../../../support/deferred.js';

const servers: RawServer[] = [];
const text = (value: Uint8Array): string => Buffer.from(value).toString();

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serveEcho(url: string): Promise<RawServer> {
  const server = await serve(url, {
    'demo.Raw': {
      Echo: (request) => request,
      Peer: (_request, { peer }) => Buffer.from(JSON.stringify(peer)),
      Count: {
        shape: 'server-streaming',
        async *handle(request) {
          for (let i = 0; i < request.length; i++) yield Buffer.alloc(64 * 1024, i);
        },
      },
      Shout: {
        shape: 'bidi',
        async *handle(lines) {
          for await (const line of lines) yield Buffer.from(String(Buffer.from(line)).toUpperCase());
        },
      },
      Wait: (_request, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    },
  });
  servers.push(server);
  return server;
}

describe('memory: addresses', () => {
  it.each([
    ['memory:', 'the name is empty'],
    ['memory:///run/x', 'memory: takes a name, not a path; write memory:run/x'],
    ['memory: x', 'it begins or ends with white space'],
  ])('%s is refused', (url, why) => {
    expect(() => parseAddress(url)).toThrow(`address ${JSON.stringify(url)}: ${why}`);
  });

  it('carry all shapes and all sizes, without a socket', async () => {
    const server = await serveEcho('memory:all');
    expect(server.addresses).toEqual(['memory:all']);
    const client = await connect('memory:all');
    for (const size of [0, 1, 16384, 65536, 1 << 20]) {
      const response = await client.call('demo.Raw', 'Echo', Buffer.alloc(size, 7));
      expect(Buffer.compare(response, Buffer.alloc(size, 7))).toBe(0);
    }
    const many = Array.from({ length: 300 }, (_, i) => Buffer.from(`call ${i} ${'x'.repeat((i * 37) % 3000)}`));
    const responses = await Promise.all(many.map((each) => client.call('demo.Raw', 'Echo', each)));
    expect(responses.map(text)).toEqual(many.map(text));
    const counted: number[] = [];
    const count = client.stream('demo.Raw', 'Count', 'server-streaming');
    await count.send(Buffer.alloc(100));
    count.closeSend();
    for await (const each of count) counted.push(each[0] ?? -1);
    expect(counted).toEqual(Array.from({ length: 100 }, (_, i) => i));
    const shout = client.stream('demo.Raw', 'Shout', 'bidi');
    await shout.send(Buffer.from('one'));
    const heard: string[] = [];
    for await (const each of shout) {
      heard.push(text(each));
      shout.closeSend();
    }
    expect(heard).toEqual(['ONE']);
    client.close();
  });

  it('a name that nobody serves is UNAVAILABLE, and a call can wait for it', async () => {
    await expect(connect('memory:nobody')).rejects.toMatchObject({
      code: TtrpcStatus.UNAVAILABLE,
      message: 'cannot connect to memory:nobody: no server of this process has that name (ECONNREFUSED)',
    });
    const channel = new Channel(
      { kind: 'address', address: parseAddress('memory:late') },
      { waitForReady: true, reconnect: { initialMs: 1, maxMs: 1 } },
    );
    await expect(channel.connect()).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    await serveEcho('memory:late');
    await expect(channel.connect()).resolves.toBeUndefined();
    channel.close();
  });

  it('two servers of one name: the second one fails, until the first one closes', async () => {
    const first = await serveEcho('memory:taken');
    await expect(serveEcho('memory:taken')).rejects.toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: 'cannot listen on memory:taken: another server of this process has that name',
    });
    await first.close();
    await serveEcho('memory:taken');
    const client = await connect('memory:taken');
    expect(text(await client.call('demo.Raw', 'Echo', Buffer.from('again')))).toBe('again');
    client.close();
  });

  it('calls end with UNAVAILABLE when the server closes, and handlers are cancelled when the client leaves', async () => {
    const server = await serveEcho('memory:ends');
    const client = await connect('memory:ends');
    const call = client.call('demo.Raw', 'Wait', Buffer.alloc(0));
    call.catch(() => undefined);
    const leaving = await connect('memory:ends');
    leaving.call('demo.Raw', 'Wait', Buffer.alloc(0)).catch(() => undefined);
    await turns(5);
    expect(server.stats).toMatchObject({ calls: 2, connections: 2 });
    leaving.close();
    await turns(5);
    expect(server.stats).toMatchObject({ calls: 1, connections: 1 });
    await server.close();
    await expect(call).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    client.close();
  });

  it('the peer is this process, and authorize goes by it', async () => {
    const server = await serve(
      'memory:peer',
      { 'demo.Raw': { Peer: (_request, { peer }) => Buffer.from(JSON.stringify(peer)) } },
      { authorize: sameUser() },
    );
    servers.push(server);
    const client = await connect('memory:peer');
    expect(JSON.parse(text(await client.call('demo.Raw', 'Peer', Buffer.alloc(0))))).toEqual({
      address: 'memory:peer',
      credentials: { pid: process.pid, uid: process.geteuid?.(), gid: process.getegid?.() },
    });
    client.close();
  });

  it("handlers do not see their caller's AsyncLocalStorage", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const server = await serve('memory:storage', {
      'demo.Raw': {
        Look: (request) => {
          seen.push(storage.getStore());
          return request;
        },
      },
    });
    servers.push(server);
    await storage.run('the caller', async () => {
      const client = await connect('memory:storage');
      await client.call('demo.Raw', 'Look', Buffer.alloc(1));
      await client.call('demo.Raw', 'Look', Buffer.alloc(1));
      expect(storage.getStore()).toBe('the caller');
      client.close();
    });
    expect(seen).toEqual([undefined, undefined]);
  });
});

describe('a connection in memory', () => {
  it('makes a writer wait while its peer does not read, and loses nothing', async () => {
    const [one, other] = MemoryEnd.pair();
    let taken = 0;
    const chunk = Buffer.alloc(64 * 1024, 1);
    for (let i = 0; i < 20; i++) one.write(chunk, () => taken++);
    await turns(100);
    expect(taken).toBeLessThan(3);
    let read = 0;
    other.on('data', (bytes: Buffer) => (read += bytes.length));
    one.end();
    await once(other, 'end');
    expect([taken, read]).toEqual([20, 20 * chunk.length]);
  });

  it('ends behind what was written, and fails writes once the peer has gone', async () => {
    const [one, other] = MemoryEnd.pair();
    one.write('last words');
    await turns(2);
    one.destroy();
    await turns(2);
    expect(String(other.read())).toBe('last words');
    const failed = once(other, 'error');
    other.write('x');
    expect((await failed)[0]).toMatchObject({ code: 'EPIPE' });
  });

  it('a write that waits for its peer fails when the peer goes', async () => {
    const [one, other] = MemoryEnd.pair();
    const failed = once(one, 'error');
    one.write(Buffer.alloc(1 << 20));
    await turns(2);
    other.destroy();
    expect((await failed)[0]).toMatchObject({ code: 'EPIPE' });
  });
});
