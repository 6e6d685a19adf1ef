import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, formatAddress, parseAddress, serve, type RawServer } from 'nestjs-ttrpc/protocol';
import { dial } from '../../../../src/protocol/socket/dial.js';
import { connectHvsock, type HvsockAddress } from '../../../../src/protocol/socket/hvsock.js';
import { TempFolder } from '../../../support/temp-folder.js';

const ECHO = { 'test.Echo': { Echo: (bytes: Uint8Array) => bytes } };

/** A hypervisor's end of hybrid vsock: reads `CONNECT <port>` and does what a test wants with it. */
class Hypervisor {
  readonly ports: string[] = [];
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(private readonly onConnect: (socket: Socket, port: string) => void) {}

  async listen(path: string): Promise<void> {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      let line = '';
      const onReadable = (): void => {
        for (let byte = socket.read(1) as Buffer | null; byte !== null; byte = socket.read(1) as Buffer | null) {
          line += byte.toString('latin1');
          if (!line.endsWith('\n')) continue;
          socket.off('readable', onReadable);
          const port = /^CONNECT (\d+)\n$/.exec(line)?.[1] ?? `not a port: ${line}`;
          this.ports.push(port);
          this.onConnect(socket, port);
          return;
        }
      };
      socket.on('readable', onReadable);
    }).listen(path);
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const server = this.#server;
    if (server) await new Promise((resolve) => server.close(resolve));
  }
}

let folder: TempFolder;
let hypervisor: Hypervisor;
let servers: RawServer[];

beforeEach(() => {
  folder = new TempFolder();
  servers = [];
  hypervisor = new Hypervisor(() => undefined);
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await hypervisor.close();
  folder.close();
});

async function listen(onConnect: (socket: Socket, port: string) => void): Promise<string> {
  hypervisor = new Hypervisor(onConnect);
  await hypervisor.listen(folder.file('vm.sock'));
  return `hvsock://${folder.file('vm.sock')}:1024`;
}

const accept = (socket: Socket, response = 'OK 1073741824\n'): void => {
  socket.write(response);
  void serve(socket, ECHO).then((server) => servers.push(server));
};

describe('hvsock addresses', () => {
  it('are parsed', () => {
    expect(parseAddress('hvsock:///run/vm.sock:1024')).toEqual({ kind: 'hvsock', path: '/run/vm.sock', port: 1024 });
    expect(parseAddress('hvsock:///a:b:4294967295')).toEqual({ kind: 'hvsock', path: '/a:b', port: 4294967295 });
    expect(formatAddress(parseAddress('hvsock:///run/vm.sock:1024'))).toBe('hvsock:///run/vm.sock:1024');
  });

  it.each(['hvsock://run/x:1', 'hvsock:///run/x', 'hvsock:///run/x:', 'hvsock:///run/x:4294967296', 'hvsock:///x:-1'])(
    '%s is refused',
    (url) => {
      expect(() => parseAddress(url)).toThrow(
        'expected hvsock:///path:port with an absolute path and a port from 0 to 4294967295',
      );
    },
  );

  it('are for clients', async () => {
    await expect(serve('hvsock:///run/vm.sock:1024', ECHO)).rejects.toThrow('listen on unix:///run/vm.sock_1024');
  });
});

describe('a client behind hybrid vsock', () => {
  it.each(['shared', 'stream'] as const)('calls, and connects again (%s reads)', async (socketReads) => {
    const sockets: Socket[] = [];
    const url = await listen((socket) => {
      sockets.push(socket);
      accept(socket);
    });
    const client = await connect(url, { socketReads });
    expect(await client.call('test.Echo', 'Echo', Buffer.from('one'))).toEqual(Buffer.from('one'));
    const large = Buffer.alloc(3_000_000, 7);
    expect(large.equals(await client.call('test.Echo', 'Echo', large))).toBe(true);
    const gone = once(sockets[0] as Socket, 'close');
    sockets[0]?.destroy();
    await gone;
    const call = (): Promise<Uint8Array> =>
      client.call('test.Echo', 'Echo', Buffer.from('two'), { waitForReady: true });
    expect(await call().catch(call)).toEqual(Buffer.from('two'));
    expect(hypervisor.ports).toEqual(['1024', '1024']);
    client.close();
  });

  it('tries again while nobody listens in the machine', async () => {
    const url = await listen((socket) => {
      if (hypervisor.ports.length < 5) socket.destroy();
      else accept(socket);
    });
    const client = await connect(url);
    expect(hypervisor.ports).toHaveLength(5);
    expect(await client.call('test.Echo', 'Echo', Buffer.from('x'))).toEqual(Buffer.from('x'));
    client.close();
  });

  it('takes a response that comes byte by byte, and what follows it', async () => {
    const url = await listen((socket) => {
      void (async () => {
        for (const byte of 'OK 5') {
          socket.write(byte);
          await new Promise((resolve) => setImmediate(resolve));
        }
        accept(socket, '\n');
      })();
    });
    const client = await connect(url);
    expect(await client.call('test.Echo', 'Echo', Buffer.from('x'))).toEqual(Buffer.from('x'));
    client.close();
  });

  it.each([
    ['NO\n', 'it responded "NO": expected "OK <number>"'],
    ['OK\n', 'it responded "OK": expected "OK <number>"'],
    [`OK ${'1'.repeat(500)}\n`, `it responded "OK ${'1'.repeat(61)}": expected "OK <number>"`],
    ['x'.repeat(1000), `it responded "${'x'.repeat(64)}": expected "OK <number>"`],
  ])('refuses the response %j', async (response, text) => {
    const url = await listen((socket) => void socket.write(response));
    await expect(connect(url)).rejects.toThrow(`cannot connect to ${url}: ${text}`);
    expect(hypervisor.ports).toHaveLength(1);
  });

  it('refuses half a response', async () => {
    const url = await listen((socket) => void socket.end('OK 1'));
    await expect(connect(url)).rejects.toThrow('it closed the connection after "OK 1"');
  });

  it('does not wait for ever', async () => {
    const url = await listen(() => undefined);
    await expect(connect(url)).rejects.toThrow('it has not responded to CONNECT within 5 seconds');
  });

  it('waits as long as it is told', async () => {
    const url = await listen(() => undefined);
    const address = parseAddress(url) as HvsockAddress;
    const open = () => dial({ kind: 'unix', path: address.path });
    await expect(connectHvsock(address, open, undefined, { responseMs: 1 })).rejects.toThrow(
      'it has not responded to CONNECT within 0.001 seconds',
    );
  });

  it('says that there is no hypervisor, at once', async () => {
    const url = `hvsock://${folder.file('none.sock')}:1`;
    await expect(connect(url)).rejects.toThrow(`cannot connect to ${url}: there is no such socket (ENOENT)`);
  });
});
