import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer, Server as NetServer } from 'node:net';
import { once } from 'node:events';
import { firstValueFrom, Observable, take, toArray } from 'rxjs';
import { connect } from '../../src/protocol/index.js';
import { TtrpcContext, TtrpcException, TtrpcMethod, TtrpcServer, TtrpcService, TtrpcStatus } from '../../src/index.js';
import { deferred, turn } from '../support/deferred.js';
import { MemoryPair } from '../support/memory-pair.js';
import { createLabApp, LAB_PROTO, startLab, type Lab, type Message } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';

let contexts: TtrpcContext[] = [];
let started = deferred();
let unsubscribed = deferred();
let returned = deferred();

@TtrpcService('lab.v1.Lab')
class LabController {
  @TtrpcMethod() async ask(request: Message, context: TtrpcContext): Promise<Message> {
    contexts.push(context);
    if (request.text === 'wait') {
      const { signal } = context;
      started.resolve();
      await once(signal, 'abort');
      throw signal.reason as Error;
    }
    return { text: request.text };
  }

  @TtrpcMethod() count(request: Message, context: TtrpcContext): Observable<Message> | AsyncIterable<Message> {
    contexts.push(context);
    if (request.text === 'iterable') {
      return (async function* () {
        try {
          for (let number = 0; ; number++) {
            yield { number };
            started.resolve();
            await turn();
          }
        } finally {
          returned.resolve();
        }
      })();
    }
    return new Observable((subscriber) => {
      subscriber.next({ number: 1 });
      started.resolve();
      return () => unsubscribed.resolve();
    });
  }
}

beforeEach(() => {
  contexts = [];
  started = deferred();
  unsubscribed = deferred();
  returned = deferred();
});

describe('the context', () => {
  let lab: Lab;
  afterEach(() => lab.close());

  it('has metadata, deadline, names and peer', async () => {
    lab = await startLab({ controllers: [LabController] });
    const before = Date.now();
    await lab.ask('Ask', { text: 'hi' }, { metadata: { 'X-Key': ['a', 'b'] }, timeoutMs: 60_000 });
    const [context] = contexts as [TtrpcContext];
    expect(context.metadata.getAll('x-KEY')).toEqual(['a', 'b']);
    expect(context.metadata.get('none')).toBeUndefined();
    expect(context.deadline?.getTime()).toBeGreaterThan(before + 59_000);
    expect(context.deadline?.getTime()).toBeLessThan(Date.now() + 60_001);
    expect(context).toMatchObject({ service: 'lab.v1.Lab', method: 'Ask', peer: { address: lab.folder.url() } });
    expect(context.signal.aborted).toBe(false);
    expect(context.getArgs()).toHaveLength(1);
  });

  it('its signal says that the deadline has passed; the caller learns it at the deadline', async () => {
    lab = await startLab({ controllers: [LabController] });
    await expect(lab.ask('Ask', { text: 'wait' }, { timeoutMs: 500 })).rejects.toMatchObject({
      code: TtrpcStatus.DEADLINE_EXCEEDED,
    });
    const { signal } = contexts[0] as TtrpcContext;
    if (!signal.aborted) await once(signal, 'abort');
    expect(signal.reason).toBeInstanceOf(TtrpcException);
    expect(signal.reason).toMatchObject({ code: TtrpcStatus.DEADLINE_EXCEEDED });
  });

  it('its signal says that the client is gone', async () => {
    lab = await startLab({ controllers: [LabController] });
    const call = lab.ask('Ask', { text: 'wait' });
    await started.promise;
    const { signal } = contexts[0] as TtrpcContext;
    const aborted = once(signal, 'abort');
    lab.client.close();
    await expect(call).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    await aborted;
    expect(signal.reason).toMatchObject({ code: TtrpcStatus.CANCELLED });
  });

  it.each(['observable', 'iterable'])('a handler whose client is gone is let go: %s', async (text) => {
    lab = await startLab({ controllers: [LabController] });
    const answers = lab.stream('Count', [{ text }]);
    await started.promise;
    lab.client.close();
    await expect(answers).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    await (text === 'iterable' ? returned : unsubscribed).promise;
    expect((contexts[0] as TtrpcContext).signal.reason).toMatchObject({ code: TtrpcStatus.CANCELLED });
  });
});

describe('the life of a server', () => {
  it('status, events, addresses, unwrap', async () => {
    const events: string[] = [];
    const folder = new TempFolder();
    const server = new TtrpcServer({ url: [folder.url('a'), 'tcp://127.0.0.1:0'], protoPath: LAB_PROTO });
    const statuses = firstValueFrom(server.status.pipe(take(2), toArray()));
    server.on('listening', (addresses) => events.push(`listening ${addresses.length}`));
    server.on('connection', ({ address }) => events.push(`connection ${address.split(':')[0]}`));
    const gone = deferred();
    server.on('disconnection', () => gone.resolve());
    server.on('close', () => events.push('close'));
    expect(() => server.on('conection', () => undefined)).toThrow(/no event "conection"/);
    const app = await createLabApp(server, { controllers: [LabController] });
    const addresses = (await app.listen()) as unknown as string[];
    expect(addresses).toEqual([folder.url('a'), expect.stringMatching(/^tcp:\/\/127\.0\.0\.1:\d+$/)]);
    expect(server.unwrap()).toEqual([expect.any(NetServer), expect.any(NetServer)]);
    const client = await connect(addresses[1] as string);
    await client.call('lab.v1.Lab', 'Ask', new Uint8Array(0));
    client.close();
    await gone.promise;
    await app.close();
    expect(events).toEqual(['listening 2', 'connection tcp', 'close']);
    expect(await statuses).toEqual(['connected', 'disconnected']);
    folder.remove();
  });

  it('serves a Duplex', async () => {
    const server = new TtrpcServer({ protoPath: LAB_PROTO });
    const app = await createLabApp(server, { controllers: [LabController] });
    await app.listen();
    const pair = new MemoryPair();
    server.accept(pair.server);
    const client = await connect(pair.client);
    expect(await client.call('lab.v1.Lab', 'Ask', Buffer.from([10, 2, 104, 105]))).toEqual(
      new Uint8Array([10, 2, 104, 105]),
    );
    client.close();
    await app.close();
  });

  it('closing lets calls finish and then ends what is left with UNAVAILABLE', async () => {
    const folder = new TempFolder();
    const server = new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO, gracePeriodMs: 50 });
    const app = await createLabApp(server, { controllers: [LabController] });
    await app.listen();
    const client = await connect(folder.url());
    const call = client.call('lab.v1.Lab', 'Ask', Buffer.from([10, 4, 119, 97, 105, 116]));
    await started.promise;
    const closing = app.close();
    await expect(client.call('lab.v1.Lab', 'Ask', new Uint8Array(0))).rejects.toMatchObject({
      code: TtrpcStatus.UNAVAILABLE,
      message: 'the server is closing',
    });
    await expect(call).rejects.toMatchObject({ code: TtrpcStatus.UNAVAILABLE, message: 'the server is closing' });
    await closing;
    expect((contexts[0] as TtrpcContext).signal.reason).toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    client.close();
    folder.remove();
  });
});

describe('where a server cannot listen', () => {
  let folder: TempFolder;
  beforeEach(() => {
    folder = new TempFolder();
  });
  afterEach(() => folder.remove());

  async function listenAt(url: string, options: object = {}): Promise<void> {
    const server = new TtrpcServer({ url, protoPath: LAB_PROTO, ...options });
    const app = await createLabApp(server, { controllers: [LabController] });
    try {
      await app.listen();
    } finally {
      await app.close();
    }
  }

  it('a socket path of a live server is left to it', async () => {
    const other = createServer().listen(folder.file('s.sock'));
    await once(other, 'listening');
    await expect(listenAt(folder.url())).rejects.toMatchObject({
      code: TtrpcStatus.FAILED_PRECONDITION,
      message: `cannot listen on unix socket ${folder.file('s.sock')}: another server listens there (EADDRINUSE)`,
    });
    expect(existsSync(folder.file('s.sock'))).toBe(true);
    other.close();
  });

  it('a socket file that nobody listens on is replaced', async () => {
    // A server that closes removes its file; one that is killed leaves it, as this one, renamed before the close.
    const other = createServer().listen(folder.file('x'));
    await once(other, 'listening');
    renameSync(folder.file('x'), folder.file('s.sock'));
    other.close();
    await once(other, 'close');
    expect(existsSync(folder.file('s.sock'))).toBe(true);
    await listenAt(folder.url());
    expect(folder.list()).toEqual([]);
  });

  it('what is no socket is left alone', async () => {
    writeFileSync(folder.file('s.sock'), 'precious');
    await expect(listenAt(folder.url())).rejects.toThrow(
      `cannot listen on unix socket ${folder.file('s.sock')}: a file that is not a socket is there; remove it, or choose another path`,
    );
    expect(folder.list()).toEqual(['s.sock']);
  });

  it('a folder that does not exist', async () => {
    await expect(listenAt(folder.url('no/s.sock'))).rejects.toThrow(
      /cannot listen on unix socket (.*no)\/s\.sock: the folder \1 does not exist$/,
    );
  });

  it('a folder that is not writable', async () => {
    // Not even root can write there.
    await expect(listenAt('unix:///proc/self/s.sock')).rejects.toThrow(
      /cannot listen on unix socket \/proc\/self\/s\.sock: its folder \/proc\/self is not writable/,
    );
  });

  it('a path that is longer than the system allows', async () => {
    const long = 'x'.repeat(108 - folder.path.length);
    await expect(listenAt(folder.url(long))).rejects.toThrow(/the path has 109 bytes; a socket path has at most 107/);
    // The longest that fits does, although the socket is bound at a longer path first.
    await listenAt(folder.url('x'.repeat(106 - folder.path.length)));
  });

  it('a mode for the socket, set before anybody finds it', async () => {
    const server = new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO, socketMode: 0o600 });
    const app = await createLabApp(server, { controllers: [LabController] });
    await app.listen();
    expect(statSync(folder.file('s.sock')).mode & 0o777).toBe(0o600);
    await app.close();
  });

  it.each([
    ['unix://../x', /unix:\/\/ needs an absolute path/],
    ['http://x', /unknown scheme "http"/],
    ['tcp://127.0.0.1', /expected tcp:\/\/host:port/],
    ['tcp://127.0.0.1:99999', /port from 0 to 65535/],
    ['fd:x', /expected fd:/],
    ['unix:', /the path is empty/],
  ])('%s is no address', async (url, message) => {
    await expect(listenAt(url)).rejects.toThrow(message);
  });

  it('limits that are none', () => {
    expect(() => new TtrpcServer({ maxConnections: 0 })).toThrow('maxConnections: expected a positive integer, got 0');
    expect(() => new TtrpcServer({ maxMessageBytes: 2 ** 30 })).toThrow(/maxMessageBytes: expected at most 4194304/);
  });
});
