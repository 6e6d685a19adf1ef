import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Mux, PLUGIN_CONNECTION, RUNTIME_CONNECTION } from '../../src/nri/mux.js';
import { serve, type RawServer } from '../../src/protocol/server/serve.js';
import { builtCommand, ttrpc } from '../support/built-command.js';
import { hasGo } from '../support/go-module.js';
import { TempFolder } from '../support/temp-folder.js';
import { GoRuntime } from '../nri/runtime.js';
import { greeterSet, serveReflecting } from './reflecting-server.js';
import { Tapped } from './tapped.js';

jest.setTimeout(120_000);
beforeAll(() => builtCommand(), 120_000);

const withGo = await hasGo();

let folder: TempFolder;
beforeEach(() => {
  folder = new TempFolder();
});
afterEach(() => folder.remove());

const SAY_HELLO = ['-d', '{"firstName":"Ada"}'];

describe('--hybrid-vsock', () => {
  let vsock: Server;
  let server: RawServer | undefined;
  /** What the peer has read of each connection before it sent its line. */
  let asked: string[];

  beforeEach(() => {
    asked = [];
    server = undefined;
  });
  afterEach(async () => {
    await new Promise((resolve) => vsock.close(resolve));
    await server?.close();
  });

  /** A peer as Firecracker is: sends `reply` for a line that begins with CONNECT, then what the server behind it sends. */
  async function listen(reply: string | undefined, after: 'serve' | 'end' | 'wait'): Promise<string> {
    const behind = folder.file('guest.sock');
    server = await serveReflecting(folder.url('guest.sock'));
    vsock = createServer((socket: Socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (line: Buffer) => {
        asked.push(line.toString());
        if (after === 'serve') {
          const guest = createConnection(behind, () => {
            // The line in two pieces: it is read to its end, and not a byte further.
            socket.write((reply ?? '').slice(0, 3));
            setImmediate(() => socket.write((reply ?? '').slice(3)));
            socket.pipe(guest).pipe(socket);
          });
          guest.on('error', () => socket.destroy());
          return;
        }
        if (reply !== undefined) socket.write(reply);
        if (after === 'end') socket.end();
      });
    });
    vsock.listen(folder.file('v.sock'));
    await once(vsock, 'listening');
    return folder.url('v.sock');
  }

  const hvsock = (url: string): string => `${url.replace('unix:', 'hvsock:')}:1024`;
  const call = (url: string, ...args: string[]) =>
    ttrpc(['call', '--hybrid-vsock', '1024', ...args, ...SAY_HELLO, url, 'demo.v1.Greeter/SayHello']);

  test('asks for the port first', async () => {
    const end = await call(await listen('OK 1073741824\n', 'serve'));
    expect(end).toMatchObject({ status: 0, stdout: '{"message":"Hello Ada"}\n' });
    expect(asked).toEqual(['CONNECT 1024\n']);
  });

  test('nobody listens at the port: the connection ends', async () => {
    const url = await listen(undefined, 'end');
    expect(await call(url)).toMatchObject({
      status: 1,
      stderr: `ttrpc: cannot connect to ${hvsock(url)}: it closed the connection: nobody listens on port 1024\n`,
    });
  });

  test('the port in the address says the same', async () => {
    const address = hvsock(await listen(undefined, 'end'));
    expect(await ttrpc(['list', address])).toMatchObject({
      status: 1,
      stderr: `ttrpc: cannot connect to ${address}: it closed the connection: nobody listens on port 1024\n`,
    });
    // Once: a client of the library tries again for ten seconds.
    expect(asked).toEqual(['CONNECT 1024\n']);
  });

  test('tap passes on to the port', async () => {
    const url = await listen('OK 1073741824\n', 'serve');
    const tapUrl = folder.url('t.sock');
    const tapped = await Tapped.start(tapUrl, url, ['--hybrid-vsock', '1024']);
    try {
      expect(await ttrpc(['call', ...SAY_HELLO, tapUrl, 'demo.v1.Greeter/SayHello'])).toMatchObject({
        status: 0,
        stdout: '{"message":"Hello Ada"}\n',
      });
      expect(await tapped.stop()).toMatchObject({
        status: 0,
        stderr: `listening on ${tapUrl}, passing on to ${hvsock(url)}\n`,
      });
    } finally {
      await tapped.program.kill();
    }
    expect(await ttrpc(['tap', '--hybrid-vsock', '1024', url, url])).toMatchObject({
      status: 1,
      stderr: 'ttrpc: both addresses are the same\n',
    });
  });

  test('a peer that says something else, and one that says nothing', async () => {
    const url = await listen('HTTP/1.1 400 Bad Request\n', 'wait');
    expect(await call(url)).toMatchObject({
      status: 1,
      stderr: `ttrpc: cannot connect to ${hvsock(url)}: it responded "HTTP/1.1 400 Bad Request": expected "OK <number>"\n`,
    });
    await new Promise((resolve) => vsock.close(resolve));
    await server?.close();
    const silent = await listen(undefined, 'wait');
    expect(await call(silent, '--connect-timeout', '0.3')).toMatchObject({
      status: 1,
      stderr: `ttrpc: cannot connect to ${hvsock(silent)}: no connection within 0.3 s\n`,
    });
  });

  test('an invalid port, and an address that is not a path', async () => {
    const url = await listen(undefined, 'wait');
    const tcp = await ttrpc(['call', '--hybrid-vsock', '1', 'tcp://127.0.0.1:1', 'demo.v1.Greeter/SayHello']);
    expect(tcp.stderr).toBe('ttrpc: --hybrid-vsock: expected the path of a unix socket, got tcp://127.0.0.1:1\n');
    const { stderr } = await ttrpc(['call', '--hybrid-vsock', 'x', url, 'demo.v1.Greeter/SayHello']);
    expect(stderr).toBe("ttrpc: --hybrid-vsock: expected an integer from 0 to 4294967295, got 'x'\n");
  });
});

describe('--nri-mux', () => {
  test('calls go over the connection of the mux on which the runtime serves', async () => {
    const trunks: Mux[] = [];
    const runtimes: RawServer[] = [];
    const listener = createServer((socket) => {
      const mux = new Mux(socket);
      trunks.push(mux);
      mux.open(PLUGIN_CONNECTION).on('error', () => undefined);
      const handlers = { 'nri.pkg.api.v1alpha1.Runtime': { UpdateContainers: (bytes: Uint8Array) => bytes } };
      void serve(mux.open(RUNTIME_CONNECTION), handlers).then((each) => runtimes.push(each));
    });
    listener.listen(folder.file('n.sock'));
    await once(listener, 'listening');
    try {
      writeFileSync(folder.file('runtime.proto'), RUNTIME_PROTO);
      const args = ['call', '--nri-mux', '--proto', folder.file('runtime.proto'), '-d', '{"text":"a"}'];
      const end = await ttrpc([...args, folder.url('n.sock'), 'nri.pkg.api.v1alpha1.Runtime/UpdateContainers']);
      expect(end).toMatchObject({ status: 0, stdout: '{"text":"a"}\n', stderr: '' });
    } finally {
      for (const each of runtimes) await each.close();
      for (const each of trunks) each.destroy();
      await new Promise((resolve) => listener.close(resolve));
    }
  });

  (withGo ? test : test.skip)("NRI's own runtime takes a plugin's registration", async () => {
    const runtime = await GoRuntime.start(folder.file('n.sock'));
    try {
      writeFileSync(folder.file('runtime.proto'), RUNTIME_PROTO);
      const args = ['call', '--nri-mux', '--proto', folder.file('runtime.proto'), '-d', '{"name":"cli","index":"10"}'];
      const end = await ttrpc([...args, folder.url('n.sock'), 'nri.pkg.api.v1alpha1.Runtime/RegisterPlugin']);
      expect(end).toMatchObject({ status: 0, stdout: '{}\n', stderr: '' });
    } finally {
      await runtime.stop();
    }
  });
});

const RUNTIME_PROTO = `
syntax = "proto3";
package nri.pkg.api.v1alpha1;
service Runtime {
  rpc RegisterPlugin(Plugin) returns (Empty);
  rpc UpdateContainers(Text) returns (Text);
}
message Plugin { string name = 1; string index = 2; }
message Text { string text = 1; }
message Empty {}
`;

describe('--protoset', () => {
  test('the schema comes from a FileDescriptorSet', async () => {
    const file = folder.file('greeter.binpb');
    writeFileSync(file, greeterSet());
    const server = await serveReflecting(folder.url());
    try {
      const args = ['call', '--protoset', file, ...SAY_HELLO, folder.url(), 'demo.v1.Greeter/SayHello'];
      expect(await ttrpc(args)).toMatchObject({ status: 0, stdout: '{"message":"Hello Ada"}\n', stderr: '' });
      expect((await ttrpc(['list', file])).stdout).toBe('demo.v1.Greeter\n');
    } finally {
      await server.close();
    }
  });

  test('what is no FileDescriptorSet, and what is not there', async () => {
    const file = folder.file('text.binpb');
    writeFileSync(file, 'hello');
    const list = async (...args: string[]): Promise<string> => {
      const { status, stdout, stderr } = await ttrpc(['list', ...args, folder.url()]);
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(/^ttrpc: [^\n]*\n$/);
      return stderr;
    };
    expect(await list('--protoset', file)).toMatch(/FileDescriptorSet|descriptor set/i);
    expect(await list('--protoset', folder.file('none'))).toContain('none: there is no such file');
    expect(await list('--protoset', file, '--proto', 'a.proto')).toContain('--proto and --protoset exclude each other');
  });
});
