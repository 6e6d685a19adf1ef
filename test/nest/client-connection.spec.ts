import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createConnection, type Socket } from 'node:net';
import { duplexPair, type Duplex } from 'node:stream';
import { lastValueFrom, NEVER } from 'rxjs';
import { TtrpcException } from '../../src/common/ttrpc-exception.js';
import { TtrpcStatus } from '../../src/protocol/index.js';
import { TtrpcClient, type TtrpcClientEvents, type TtrpcClientOptions } from '../../src/client/index.js';
import { turns } from '../support/deferred.js';
import { CLIENT_PROTO, ClientLab, readAll, type AsyncLab, type Lab } from '../support/client-lab.js';

let lab: ClientLab;

beforeEach(() => {
  lab = new ClientLab();
});

afterEach(() => lab.close());

function asyncLab(client: TtrpcClient): AsyncLab {
  return client.getAsyncService<AsyncLab>('client.v1.Lab');
}

/** All events of a client, as `name` or `name: reason`. */
function eventsOf(client: TtrpcClient): string[] {
  const events: string[] = [];
  const names: (keyof TtrpcClientEvents)[] = ['connecting', 'connected', 'reconnecting', 'disconnected', 'closed'];
  for (const name of names) {
    client.on(name, (reason?: TtrpcException) => events.push(reason ? `${name}: ${reason.message}` : name));
  }
  return events;
}

function statusesOf(client: TtrpcClient): string[] {
  const statuses: string[] = [];
  client.status.subscribe((status) => statuses.push(status));
  return statuses;
}

describe('a client', () => {
  it('shows its connections', async () => {
    await lab.start();
    const client = lab.client();
    const channel = client.unwrap();
    expect([channel.status, channel.stats]).toEqual(['disconnected', { connections: 0, calls: 0, waiting: 0 }]);
    // Its connection is kept for the next stream.
    expect((await readAll(asyncLab(client).count({ number: 2 }))).values).toHaveLength(2);
    await channel.connect();
    expect([channel.status, channel.stats.connections]).toEqual(['connected', 2]);
    const call = asyncLab(client).wait({});
    expect(channel.stats).toEqual({ connections: 2, calls: 1, waiting: 0 });
    const ended = expect(call).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    channel.close();
    await ended;
    expect([channel.status, channel.stats]).toEqual(['closed', { connections: 0, calls: 0, waiting: 0 }]);
  });

  it('connects with its first call, not before', async () => {
    const client = lab.client();
    const proxy = asyncLab(client);
    const events = eventsOf(client);
    const statuses = statusesOf(client);
    await lab.start();
    await turns(5);
    expect(lab.server?.connectionCount).toBe(0);
    await Promise.all([proxy.ask({}), proxy.ask({}), proxy.ask({})]);
    expect(lab.server?.connectionCount).toBe(1);
    expect(events).toEqual(['connecting', 'connected']);
    expect(statuses).toEqual(['disconnected', 'connecting', 'connected']);
  });

  it('connects by connect()', async () => {
    await lab.start();
    const client = lab.client();
    await client.connect();
    await client.connect();
    await lab.untilConnections(1);
    expect(client.unwrap().status).toBe('connected');
  });

  it('says who is not there', async () => {
    const client = lab.client();
    const events = eventsOf(client);
    const reason = `cannot connect to ${lab.url}: there is no such socket (ENOENT)`;
    const failed = { code: TtrpcStatus.UNAVAILABLE, message: reason };
    await expect(client.connect()).rejects.toMatchObject(failed);
    await expect(client.connect()).rejects.toBeInstanceOf(TtrpcException);
    for (const call of [
      asyncLab(client).ask({}),
      asyncLab(client).sum(NEVER),
      asyncLab(client).count({}).next(),
      lastValueFrom(client.getService<Lab>('Lab').chat(NEVER)),
    ]) {
      await expect(call).rejects.toMatchObject(failed);
      await expect(call).rejects.toBeInstanceOf(TtrpcException);
    }
    expect(events.slice(0, 2)).toEqual(['connecting', `disconnected: ${reason}`]);
    // As soon as there is a server, connect() finds it.
    await lab.start();
    await client.connect();
    expect(await asyncLab(client).ask({ number: 1 })).toMatchObject({ number: 2 });
  });

  it('makes a new connection after a lost one; calls that were on it are UNAVAILABLE', async () => {
    await lab.start();
    const client = lab.client();
    const proxy = asyncLab(client);
    const calls = Promise.allSettled([proxy.wait({}), proxy.wait({}), readAll(proxy.count({})), proxy.sum(NEVER)]);
    await lab.until(() => lab.waits.length === 2 && lab.seen.length === 4);
    const events = eventsOf(client);
    await lab.server?.close();
    const [first, second, stream, upload] = await calls;
    for (const { reason } of [first, second, upload] as PromiseRejectedResult[]) {
      expect(reason).toBeInstanceOf(TtrpcException);
      expect(reason).toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    }
    expect(stream).toMatchObject({ value: { error: { code: TtrpcStatus.UNAVAILABLE } } });
    await lab.start();
    expect(await proxy.ask({ number: 1 })).toMatchObject({ number: 2 });
    expect(events).toEqual([
      expect.stringMatching(/^disconnected: the peer closed/),
      expect.stringMatching(/^reconnecting: /),
      'connected',
    ]);
  });

  it('ends calls with UNAVAILABLE when the connection is cut', async () => {
    await lab.start();
    let socket: Socket | undefined;
    const client = lab.client({
      connect: () => Promise.resolve((socket = createConnection(lab.folder.file('s.sock')))),
    });
    const call = asyncLab(client).wait({});
    await lab.until(() => lab.waits.length === 1);
    socket?.destroy(new Error('cable cut'));
    await expect(call).rejects.toMatchObject({
      code: TtrpcStatus.UNAVAILABLE,
      message: 'the connection failed: cable cut',
    });
    expect(await asyncLab(client).ask({ number: 1 })).toMatchObject({ number: 2 });
  });

  it('can wait for a server that comes later', async () => {
    const client = lab.client({ reconnect: { initialMs: 5, maxMs: 10 } });
    const proxy = asyncLab(client);
    const waiting = { waitForReady: true };
    const calls = [
      proxy.ask({ number: 1 }, waiting),
      proxy.sum([{ number: 2 }], waiting),
      readAll(proxy.count({ number: 1 }, waiting)),
    ];
    // One attempt has failed when a call that does not wait has failed.
    await expect(proxy.ask({})).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    await expect(proxy.sum([])).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    await lab.start();
    expect(await Promise.all(calls)).toMatchObject([{ number: 2 }, { number: 2 }, { values: [{ number: 0 }] }]);
  });

  it('waits up to the deadline', async () => {
    const proxy = asyncLab(lab.client({ waitForReady: true, timeoutMs: 30, reconnect: { initialMs: 1, maxMs: 5 } }));
    await expect(proxy.ask({})).rejects.toMatchObject({ code: TtrpcStatus.DEADLINE_EXCEEDED });
    await expect(proxy.sum(NEVER)).rejects.toMatchObject({ code: TtrpcStatus.DEADLINE_EXCEEDED });
  });

  it('is closed for good by close()', async () => {
    await lab.start();
    const client = lab.client();
    const proxy = asyncLab(client);
    const events = eventsOf(client);
    const statuses = statusesOf(client);
    const calls = [proxy.wait({}), proxy.sum(NEVER)];
    await lab.until(() => lab.seen.length === 2);
    await client.close();
    await client.close();
    for (const call of [...calls, proxy.ask({}), proxy.sum([]), client.connect()]) {
      await expect(call).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE, message: 'the client is closed' });
    }
    await lab.untilConnections(0);
    expect(events).toEqual(['connecting', 'connected', 'closed']);
    expect(statuses).toEqual(['disconnected', 'connecting', 'connected', 'closed']);
  });

  it('that closes while it connects says so', async () => {
    let aborted = false;
    const client = lab.client({
      connect: (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(signal.reason as Error);
          });
        }),
    });
    const calls = [client.connect(), asyncLab(client).ask({}), asyncLab(client).sum([])];
    await client.close();
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE, message: 'the client is closed' });
    }
    expect(aborted).toBe(true);
  });

  it('spreads unary calls over several connections', async () => {
    await lab.start();
    const proxy = asyncLab(lab.client({ connections: 3 }));
    const calls = Array.from({ length: 6 }, () => proxy.wait({}));
    await lab.until(() => lab.waits.length === 6);
    expect(lab.server?.connectionCount).toBe(3);
    for (const wait of lab.waits) wait.resolve({ number: 1 });
    expect(await Promise.all(calls)).toHaveLength(6);
  });

  it('has five events and no other', () => {
    expect(() => lab.client().on('connect' as 'connected', () => undefined)).toThrow(
      'a ttrpc client has no event "connect"; it has connecting, connected, reconnecting, disconnected, closed',
    );
  });
});

describe('streams', () => {
  it('have connections of their own, used again when they have ended well', async () => {
    await lab.start();
    const proxy = asyncLab(lab.client());
    await proxy.ask({});
    const stream = proxy.count({ number: 1, text: 'stay' });
    await stream.next();
    expect(lab.server?.connectionCount).toBe(2);
    await stream.return?.();
    await lab.untilConnections(1);
    await readAll(proxy.count({ number: 3 }));
    expect(await proxy.sum([{ number: 1 }])).toEqual({ number: 1 });
    expect(await readAll(proxy.chat([{ text: 'a' }]))).toMatchObject({ values: [{ text: 'A' }] });
    expect(lab.server?.connectionCount).toBe(2);
    const two = [proxy.count({ number: 1, text: 'stay' }), proxy.count({ number: 1, text: 'stay' })];
    await Promise.all(two.map((each) => each.next()));
    expect(lab.server?.connectionCount).toBe(3);
    for (const each of two) await each.return?.();
  });

  it('can share the connection of the unary calls', async () => {
    await lab.start();
    const proxy = asyncLab(lab.client({ streams: 'shared' }));
    const stream = proxy.count({ number: 1, text: 'stay' });
    await stream.next();
    expect(await proxy.ask({ number: 1 })).toMatchObject({ number: 2 });
    expect(await proxy.sum([{ number: 1 }])).toEqual({ number: 1 });
    expect(lab.server?.connectionCount).toBe(1);
    await stream.return?.();
    expect(await proxy.ask({ number: 1 })).toMatchObject({ number: 2 });
    expect(lab.server?.connectionCount).toBe(1);
  });

  it('wait for a connection past the limit, up to their deadline', async () => {
    await lab.start();
    const proxy = asyncLab(lab.client({ maxStreamConnections: 2 }));
    const two = [proxy.count({ number: 1, text: 'stay' }), proxy.count({ number: 1, text: 'stay' })];
    await Promise.all(two.map((each) => each.next()));
    await expect(proxy.sum([], { timeoutMs: 20 })).rejects.toMatchObject({ code: TtrpcStatus.DEADLINE_EXCEEDED });
    const third = proxy.sum([{ number: 3 }]);
    await two[0]?.return?.();
    expect(await third).toEqual({ number: 3 });
    await two[1]?.return?.();
  });

  it('leave idle connections for so long', async () => {
    await lab.start();
    const proxy = asyncLab(lab.client({ streamIdleMs: 10 }));
    await proxy.sum([]);
    await lab.untilConnections(0);
    expect(await proxy.sum([{ number: 1 }])).toEqual({ number: 1 });
  });
});

describe('connections for streams', () => {
  it('that a burst has left go although calls go on: the one that was used last is used next', async () => {
    await lab.start();
    const proxy = asyncLab(lab.client({ streamIdleMs: 100 }));
    const burst = Array.from({ length: 8 }, () => proxy.chat(NEVER));
    const begun = burst.map((each) => each.next().catch(() => undefined));
    await lab.untilConnections(8);
    for (const each of burst) await each.return?.();
    await Promise.all(begun);
    await Promise.all(Array.from({ length: 8 }, () => readAll(proxy.count({ number: 1 }))));
    expect(lab.server?.connectionCount).toBeGreaterThan(1);
    while (lab.server?.connectionCount !== 1) await readAll(proxy.count({ number: 1 }));
  });
});

describe('a dedicated unary call', () => {
  it('has a connection of its own', async () => {
    await lab.start();
    const client = lab.client();
    const call = asyncLab(client).wait({}, { dedicated: true });
    await lab.until(() => lab.waits.length === 1);
    await asyncLab(client).ask({});
    expect(lab.server?.connectionCount).toBe(2);
    lab.waits[0]?.resolve({ text: 'done' });
    expect(await call).toEqual({ text: 'done' });
    const subscription = client.getService<Lab>('Lab').wait({}, { dedicated: true }).subscribe();
    await lab.until(() => lab.waits.length === 2);
    expect(lab.server?.connectionCount).toBe(2);
    subscription.unsubscribe();
    await lab.until(() => lab.ended.length === 2);
    expect(lab.ended[1]).toEqual({ method: 'Wait', aborted: TtrpcStatus.CANCELLED });
    await lab.untilConnections(1);
  });
});

describe('a Duplex', () => {
  it('carries all calls and no more than one connection', async () => {
    await lab.start();
    const client = lab.client({ duplex: createConnection(lab.folder.file('s.sock')) });
    const proxy = asyncLab(client);
    expect(statusesOf(client)).toEqual(['connected']);
    expect(await proxy.ask({ number: 1 })).toMatchObject({ number: 2 });
    expect(await proxy.sum([{ number: 1 }, { number: 2 }])).toEqual({ number: 3 });
    expect((await readAll(proxy.count({ number: 3 }))).values).toHaveLength(3);
    expect((await readAll(proxy.chat([{ text: 'a' }]))).values).toEqual([{ text: 'A' }]);
    expect(lab.server?.connectionCount).toBe(1);
    const ended = expect(proxy.wait({})).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    await lab.until(() => lab.waits.length === 1);
    await lab.server?.close();
    await ended;
    await expect(proxy.ask({})).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    expect(client.unwrap().status).toBe('closed');
  });

  it('may come from a function, one for each connection', async () => {
    await lab.start();
    const made: Socket[] = [];
    const client = lab.client({
      connect: (signal) => {
        expect(signal.aborted).toBe(false);
        const socket = createConnection(lab.folder.file('s.sock'));
        made.push(socket);
        return Promise.resolve(socket);
      },
    });
    const proxy = asyncLab(client);
    expect(await proxy.ask({ number: 1 })).toMatchObject({ number: 2 });
    expect(await proxy.sum([{ number: 1 }])).toEqual({ number: 1 });
    expect(made).toHaveLength(2);
    await client.close();
    expect(made.every(({ destroyed }) => destroyed)).toBe(true);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('no tunnel')), 'cannot connect: no tunnel'],
    [
      'throws',
      () => {
        throw new Error('no tunnel');
      },
      'cannot connect: no tunnel',
    ],
    ['gives something else', () => Promise.resolve({} as Duplex), 'connect: expected a Duplex, got an object'],
  ])('may come from a function that %s', async (_name, connect, message) => {
    const proxy = asyncLab(lab.client({ connect }));
    const failed = { code: TtrpcStatus.UNAVAILABLE, message };
    await expect(proxy.ask({})).rejects.toMatchObject(failed);
    await expect(proxy.sum([])).rejects.toMatchObject(failed);
  });
});

describe('the constructor', () => {
  const protoPath = CLIENT_PROTO;
  const url = 'unix:///nowhere.sock';

  it.each<[string, unknown, string]>([
    ['no options', undefined, 'a ttrpc client takes options with url and protoPath; got undefined'],
    ['no place', { protoPath }, 'exactly one of url, duplex and connect; got none of them'],
    ['two places', { protoPath, url, connect: () => undefined }, 'got url and connect'],
    ['a bad address', { protoPath, url: 'http://x' }, 'address "http://x": unknown scheme "http"'],
    ['a bad duplex', { protoPath, duplex: 'x' }, 'duplex: expected a Duplex, got string "x"'],
    ['a bad connect', { protoPath, connect: 'x' }, 'connect: expected a function that gives a Duplex, got string "x"'],
    ['no schema', { url }, 'a schema needs protoPath, descriptors, root or fileDescriptorSet'],
    ['a missing file', { url, protoPath: '/nowhere/x.proto' }, '/nowhere/x.proto'],
    ['a timeout', { protoPath, url, timeoutMs: -1 }, 'timeoutMs: expected a number of milliseconds above 0, got -1'],
    ['metadata', { protoPath, url, metadata: { a: 1 } }, 'metadata "a": expected a string'],
    ['keys', { protoPath, url, propagateMetadata: 'trace' }, 'propagateMetadata: expected an array of metadata keys'],
    ['streams', { protoPath, url, streams: 'none' }, `streams: expected 'dedicated' or 'shared', got string "none"`],
    [
      'a limit',
      { protoPath, url, maxStreamConnections: 0 },
      'maxStreamConnections: expected a positive integer, got 0',
    ],
    ['a message limit', { protoPath, url, maxMessageBytes: 5 << 20 }, 'maxMessageBytes: expected at most 4194304'],
    ['connections', { protoPath, url, connections: 0 }, 'connections: expected a positive integer, got 0'],
    ['reconnect', { protoPath, url, reconnect: { factor: 0 } }, 'reconnect.factor: expected a number from 1'],
    ['interceptors', { protoPath, url, interceptors: [{}] }, 'interceptors: expected an array of functions'],
  ])('names what is wrong: %s', (_name, options, message) => {
    expect(() => new TtrpcClient(options as TtrpcClientOptions)).toThrow(message);
  });

  it('leaves a Duplex alone when something else is wrong', () => {
    const [duplex] = duplexPair();
    expect(() => new TtrpcClient({ protoPath, duplex, timeoutMs: -1 })).toThrow('timeoutMs');
    expect(duplex.eventNames()).not.toContain('data');
    expect(duplex.isPaused() || duplex.readableFlowing === null).toBe(true);
  });
});
