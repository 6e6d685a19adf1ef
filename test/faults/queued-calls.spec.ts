import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { connect, serve, TtrpcStatus, type RawClient, type RawServer } from '../../src/protocol/index.js';
import { TtrpcClient } from '../../src/index.js';
import { CLIENT_PROTO, type AsyncLab } from '../support/client-lab.js';
import { deferred, turn } from '../support/deferred.js';
import { TempFolder } from '../support/temp-folder.js';

const SERVICE = 'queued.v1.Queued';
const EXPIRED = { code: TtrpcStatus.DEADLINE_EXCEEDED };
/** More than a socket's buffers hold: what is called behind it waits. */
const BIG = Buffer.alloc(3 << 20, '.');

let folder: TempFolder;
let deaf: Server;
/** The connections of the server that does not read. */
let sockets: Socket[];
let client: RawClient;

beforeEach(async () => {
  folder = new TempFolder();
  sockets = [];
  deaf = createServer({ pauseOnConnect: true }, (socket) => sockets.push(socket)).listen(folder.file('s.sock'));
  await once(deaf, 'listening');
});

afterEach(async () => {
  client.close();
  for (const socket of sockets) socket.destroy();
  if (deaf.listening) {
    deaf.close();
    await once(deaf, 'close');
  }
  folder.remove();
});

function ask(text: string | Buffer, options = {}): Promise<Uint8Array> {
  return client.call(SERVICE, 'Ask', Buffer.from(text), options);
}

/** Rejects with what; never an unhandled rejection. */
function failure(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'an answer',
    (error: unknown) => error,
  );
}

/** Reads a connection until `text` has come, and gives all that came. */
async function readUntil(socket: Socket | undefined, text: string): Promise<string> {
  let all = '';
  const found = deferred();
  socket?.on('data', (bytes: Buffer) => {
    all += bytes.toString('latin1');
    if (all.includes(text)) found.resolve();
  });
  socket?.resume();
  await found.promise;
  return all;
}

describe('a call that waits because the server does not read', () => {
  it('is never sent when its deadline passes, or its caller gives it up', async () => {
    client = await connect(folder.url(), { streams: 'shared' });
    const ends = [failure(ask(BIG))];
    const late = failure(ask('late-unary', { timeoutMs: 20 }));
    const lateStream = client.stream(SERVICE, 'Count', 'server-streaming', { timeoutMs: 20 });
    await lateStream.send(Buffer.from('late-stream'));
    const controller = new AbortController();
    const unwanted = failure(ask('unwanted', { signal: controller.signal }));
    ends.push(failure(ask('wanted')));
    controller.abort();
    expect(await unwanted).toMatchObject({ code: TtrpcStatus.CANCELLED });
    expect(await late).toMatchObject(EXPIRED);
    expect(await failure(lateStream[Symbol.asyncIterator]().next())).toMatchObject(EXPIRED);
    const sent = await readUntil(sockets[0], 'wanted');
    expect(sent).not.toMatch(/late|unwanted/);
    client.close();
    expect(await Promise.all(ends)).toMatchObject([
      { code: TtrpcStatus.UNAVAILABLE },
      { code: TtrpcStatus.UNAVAILABLE },
    ]);
  });

  it('goes over to the next connection when this one is lost, silently and once', async () => {
    client = await connect(folder.url());
    const big = failure(ask(BIG));
    const small = ['one', 'two', 'three'].map((text) => ask(text));
    while (sockets.length === 0) await turn();
    // The next server answers.
    deaf.close();
    const handled: string[] = [];
    const server: RawServer = await serve(folder.url(), {
      [SERVICE]: {
        Ask: (request) => {
          handled.push(Buffer.from(request).toString());
          return request;
        },
      },
    });
    sockets[0]?.destroy();
    // Some of it had been written: it may have been handled.
    expect(await big).toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    const answers = await Promise.all(small);
    expect(answers.map((bytes) => Buffer.from(bytes).toString())).toEqual(['one', 'two', 'three']);
    expect(handled).toEqual(['one', 'two', 'three']);
    client.close();
    await server.close();
  });

  it('fails when the second connection is lost before it was written, too', async () => {
    client = await connect(folder.url());
    const ends = [failure(ask(BIG)), failure(ask(BIG)), failure(ask('small'))];
    for (let connection = 0; connection < 2; connection++) {
      while (sockets.length === connection) await turn();
      // Not before the calls have gone there.
      if (connection === 1) await once(sockets[1]?.resume() as Socket, 'data');
      sockets[connection]?.destroy();
    }
    for (const end of await Promise.all(ends)) expect(end).toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    expect(sockets).toHaveLength(2);
  });
});

describe('a call that waits for its connection', () => {
  it.each(['unary', 'server-streaming', 'client-streaming', 'bidi'] as const)(
    'is never sent when its time is over, not even if the timer is late: %s',
    async (shape) => {
      client = await connect(folder.url());
      const connection = deferred<Socket>();
      const late = new TtrpcClient({ connect: () => connection.promise, protoPath: CLIENT_PROTO });
      const lab = late.getAsyncService<AsyncLab>('client.v1.Lab');
      const options = { timeoutMs: 20 };
      const calls = {
        unary: () => lab.ask({ text: 'late' }, options),
        'server-streaming': () => lab.count({ text: 'late' }, options).next(),
        'client-streaming': () => lab.sum([{ text: 'late' }], options),
        bidi: () => lab.chat([{ text: 'late' }], options).next(),
      };
      const end = failure(calls[shape]());
      const socket = createConnection(folder.file('s.sock'));
      await once(socket, 'connect');
      while (sockets.length < 2) await turn();
      // The event loop stands still until the time is over; then the connection comes first.
      const until = performance.now() + 40;
      while (performance.now() < until);
      connection.resolve(socket);
      expect(await end).toMatchObject(EXPIRED);
      await late.close();
      const bytes: Buffer[] = [];
      sockets
        .at(-1)
        ?.on('data', (chunk: Buffer) => bytes.push(chunk))
        .resume();
      await once(sockets.at(-1) as Socket, 'end');
      expect(Buffer.concat(bytes)).toHaveLength(0);
    },
  );
});
