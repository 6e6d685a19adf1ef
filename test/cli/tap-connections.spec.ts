import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { builtCommand } from '../support/built-command.js';
import { TempFolder } from '../support/temp-folder.js';
import { recordingOf, Tapped } from './tapped.js';

jest.setTimeout(30_000);

beforeAll(() => builtCommand(), 120_000);

describe('the connections of ttrpc tap', () => {
  let folder: TempFolder;
  let server: Server | undefined;
  let tapped: Tapped | undefined;

  beforeEach(() => {
    folder = new TempFolder();
  });
  afterEach(async () => {
    // One that does not end by itself has failed its test already.
    await tapped?.program.kill();
    server?.close();
    tapped = server = undefined;
    folder.remove();
  });

  /** A server that accepts connections when the test says so: its hybrid vsock answers late. */
  const startSlowServer = async (): Promise<() => Promise<Socket>> => {
    const waiting: Socket[] = [];
    server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        waiting.push(socket);
        server?.emit('asked');
      });
    });
    await new Promise<void>((resolve) => server?.listen(folder.file('s.sock'), resolve));
    return async () => {
      if (waiting.length === 0) await once(server as Server, 'asked');
      const socket = waiting.shift() as Socket;
      socket.write('OK 1\n');
      return socket;
    };
  };
  const start = (...args: string[]): Promise<Tapped> =>
    Tapped.start(folder.url('t.sock'), folder.url('s.sock'), ['--no-reflection', '--format', 'ndjson', ...args]);
  const connectToTap = async (): Promise<Socket> => {
    const client = createConnection({ path: folder.file('t.sock'), allowHalfOpen: true });
    client.on('error', () => undefined);
    await once(client, 'connect');
    return client;
  };
  /** Resolves when the tap has seen what happened on its sockets before. */
  const seenByTap = async (tap: Tapped, number: number): Promise<Socket> => {
    const client = await connectToTap();
    await tap.shows(`"event":"connected","connection":${number}`);
    return client;
  };

  test('a client that goes before the server is reached: the server learns it, and Ctrl-C ends the tap', async () => {
    const accept = await startSlowServer();
    tapped = await start('--hybrid-vsock', '1');
    (await connectToTap()).destroy();
    await tapped.shows('"event":"connected","connection":1');
    const other = await seenByTap(tapped, 2);
    const socket = await accept();
    socket.resume();
    await once(socket, 'end');
    socket.end();
    await tapped.shows('"event":"disconnected","connection":1');
    other.destroy();
    expect(await tapped.stop()).toMatchObject({ status: 0 });
  });

  test('a client that ends its half before the server is reached still gets the response', async () => {
    const accept = await startSlowServer();
    tapped = await start('--hybrid-vsock', '1');
    const client = await connectToTap();
    client.end();
    await tapped.shows('"event":"connected","connection":1');
    const other = await seenByTap(tapped, 2);
    const socket = await accept();
    socket.resume();
    await once(socket, 'end');
    socket.end('response');
    const [response] = (await once(client, 'data')) as [Buffer];
    expect(response.toString()).toBe('response');
    await tapped.shows('"event":"disconnected","connection":1');
    other.destroy();
    expect(await tapped.stop()).toMatchObject({ status: 0 });
  });

  test('Ctrl-C ends the tap while a server has not responded to a client that has ended its half', async () => {
    const accept = await startSlowServer();
    tapped = await start('--hybrid-vsock', '1');
    const client = await connectToTap();
    const socket = await accept();
    client.end('request');
    socket.resume();
    await once(socket, 'end');
    expect(await tapped.stop()).toMatchObject({ status: 0 });
    socket.destroy();
    client.destroy();
  });

  test('a client whose server cannot be reached is disconnected, on the screen and in the recording', async () => {
    const file = folder.file('calls.ttrpc');
    tapped = await start('--save', file);
    const client = await connectToTap();
    client.resume();
    await once(client, 'end');
    client.destroy();
    await tapped.shows('"event":"disconnected","connection":1');
    expect(tapped.lines().map(({ event }) => event)).toEqual(['connected', 'note', 'disconnected']);
    expect(await tapped.stop()).toMatchObject({ status: 0 });
    expect(recordingOf(file).flatMap(({ event }) => event ?? [])).toEqual(['connected', 'disconnected']);
  });
});
