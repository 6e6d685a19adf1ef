import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer as createHttpServer, request as httpRequest } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Client, credentials, Server as GrpcServer, ServerCredentials, status } from '@grpc/grpc-js';
import { connect, serve, TtrpcStatus, type RawServer } from '../../../../src/protocol/index.js';
import { foreignProtocol } from '../../../../src/protocol/wire/foreign-protocol.js';
import { TempFolder } from '../../../support/temp-folder.js';
import { turn } from '../../../support/deferred.js';

const SERVICE = 'test.v1.Test';

let folder: TempFolder;
let cleanUp: (() => unknown)[];

beforeEach(() => {
  folder = new TempFolder();
  cleanUp = [];
});

afterEach(async () => {
  for (const each of cleanUp.reverse()) await each();
  folder.remove();
});

describe('a server whose peer does not speak ttrpc', () => {
  let server: RawServer;

  beforeEach(async () => {
    server = await serve(folder.url(), { [SERVICE]: { Echo: (bytes) => bytes } });
    cleanUp.push(() => server.close());
  });

  /** One refusal, no connection left, and a ttrpc client is served. */
  async function expectRefused(atLeast = 1): Promise<void> {
    expect(server.stats.refused.foreignProtocol).toBeGreaterThanOrEqual(atLeast);
    expect(server.stats.refused.protocol).toBe(0);
    expect(server.stats.refused.maxMessageBytes).toBe(0);
    const client = await connect(folder.url());
    expect(await client.call(SERVICE, 'Echo', Buffer.from('x'))).toEqual(new Uint8Array(Buffer.from('x')));
    client.close();
  }

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])(
    'closes at once on an HTTP/1 %s of node:http',
    async (method) => {
      const request = httpRequest({ socketPath: folder.file('s.sock'), path: '/', method });
      request.end();
      await expect(once(request, 'response')).rejects.toThrow(/socket hang up|ECONNRESET|EPIPE/);
      await expectRefused();
    },
  );

  it('closes at once on HTTP/2 of node:http2', async () => {
    const session = connectHttp2('http://localhost', {
      createConnection: () => createConnection(folder.file('s.sock')),
    });
    session.on('error', () => undefined);
    session.request({ ':path': '/' }).on('error', () => undefined);
    await once(session, 'close');
    await expectRefused();
  });

  it('closes at once on a gRPC client, whose call fails', async () => {
    const client = new Client(`unix://${folder.file('s.sock')}`, credentials.createInsecure());
    cleanUp.push(() => client.close());
    const bytes = (value: Buffer): Buffer => value;
    const error = await new Promise<{ code?: number } | null>((resolve) => {
      client.makeUnaryRequest(`/${SERVICE}/Echo`, bytes, bytes, Buffer.alloc(0), (failure) => resolve(failure));
    });
    expect(error?.code).toBe(status.UNAVAILABLE);
    await expectRefused();
  });

  it('closes at once on TLS', async () => {
    const socket = connectTls({ path: folder.file('s.sock'), rejectUnauthorized: false });
    await expect(once(socket, 'secureConnect')).rejects.toThrow();
    await expectRefused();
  });

  const curl = ['/usr/bin/curl', '/usr/local/bin/curl'].find((path) => existsSync(path));
  const itWithCurl = curl === undefined ? it.skip : it;

  itWithCurl.each([[['--http1.1']], [['--http2-prior-knowledge']]])('does not let curl %j hang', async (options) => {
    const args = [...options, '--max-time', '20', '--silent', '--unix-socket', folder.file('s.sock'), 'http://x/'];
    const code = await new Promise((resolve) => {
      execFile(curl as string, args, (error) => resolve(error?.code));
    });
    // Empty reply, reset, partial: its version decides how curl calls a connection that is closed. 28 is the time that is up.
    expect([16, 18, 52, 55, 56]).toContain(code);
    await expectRefused();
  });

  it('notices it however the first bytes are cut', async () => {
    const socket = createConnection(folder.file('s.sock')).setNoDelay();
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const closed = new Promise((resolve) => socket.on('close', resolve));
    for (const byte of Buffer.from('GET / ')) {
      if (socket.writable) socket.write(Buffer.of(byte));
      await turn();
    }
    await closed;
    await expectRefused();
  });
});

describe('a client whose server does not speak ttrpc', () => {
  async function errorOf(path: string): Promise<unknown> {
    const client = await connect(`unix://${path}`);
    try {
      return await client
        .call(SERVICE, 'Echo', Buffer.from('some bytes'), { timeoutMs: 20_000 })
        .catch((error: unknown) => error);
    } finally {
      client.close();
    }
  }

  const unavailable = (protocol: string): object => ({
    code: TtrpcStatus.UNAVAILABLE,
    message: `this peer speaks ${protocol}, not ttrpc`,
  });

  it('says so of an HTTP/1 server', async () => {
    const http = createHttpServer().listen(folder.file('s.sock'));
    cleanUp.push(() => http.close());
    await once(http, 'listening');
    expect(await errorOf(folder.file('s.sock'))).toMatchObject(unavailable('HTTP/1'));
  });

  it('says so of an HTTP/2 server', async () => {
    const http = createHttp2Server().listen(folder.file('s.sock'));
    http.on('sessionError', () => undefined);
    cleanUp.push(() => http.close());
    await once(http, 'listening');
    expect(await errorOf(folder.file('s.sock'))).toMatchObject(unavailable('HTTP/2 (gRPC?)'));
  });

  it('says so of a gRPC server', async () => {
    const grpc = new GrpcServer();
    cleanUp.push(() => grpc.forceShutdown());
    await new Promise<void>((resolve, reject) => {
      grpc.bindAsync(`unix://${folder.file('s.sock')}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
    expect(await errorOf(folder.file('s.sock'))).toMatchObject(unavailable('HTTP/2 (gRPC?)'));
  });

  it.each([
    ['no settings', '000000040000000000'],
    ['two settings, of a server that waits', '00000c040000000000000300000064000400100000'],
  ])('says so of a server that begins with %s', async (_name, hex) => {
    const sockets: Socket[] = [];
    const server: Server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.write(Buffer.from(hex, 'hex'));
    }).listen(folder.file('s.sock'));
    cleanUp.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    await once(server, 'listening');
    expect(await errorOf(folder.file('s.sock'))).toMatchObject(unavailable('HTTP/2 (gRPC?)'));
  });
});

describe('foreignProtocol', () => {
  it.each([
    ['too little', '505249'],
    ['a request of 1,028 bytes', '00000404000000010100'],
    ['a response on the first stream', '00001204000000010200'],
    ['a frame at the limit of 4 MiB', '00400000000000010200'],
    ['an unknown text', '53534820322e30'],
  ])('does not take %s for another protocol', (_name, hex) => {
    expect(foreignProtocol(Buffer.from(hex, 'hex'))).toBeUndefined();
  });

  it('takes no header of a ttrpc frame for another protocol, whatever its length, id, type and flags', () => {
    const header = Buffer.alloc(10);
    let taken = 0;
    for (let length = 0; length <= 4 * 1024 * 1024; length += 1 + (length >>> 6)) {
      header.writeUInt32BE(length, 0);
      for (const id of [1, 3, 256, 65_537, 0x7fff_ffff, 0xffff_ffff]) {
        header.writeUInt32BE(id, 4);
        for (const type of [1, 2, 3]) {
          header[8] = type;
          if (foreignProtocol(header) !== undefined) taken++;
        }
      }
    }
    expect(taken).toBe(0);
  });
});
