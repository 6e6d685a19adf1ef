import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, symlinkSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { builtCommand, ttrpc } from '../support/built-command.js';
import { startProgram } from '../support/program.js';
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

  test('a start that fails leaves an earlier recording alone', async () => {
    const file = folder.file('calls.ttrpc');
    tapped = await start('--save', file);
    (await connectToTap()).destroy();
    await tapped.shows('"event":"disconnected","connection":1');
    const again = ['tap', '--no-reflection', '--save', file, folder.url('t.sock'), folder.url('s.sock')];
    expect(await ttrpc(again)).toMatchObject({ status: 1, stderr: expect.stringContaining('another server listens') });
    await tapped.shows('"event":"disconnected","connection":2');
    expect(await tapped.stop()).toMatchObject({ status: 0 });
    expect(recordingOf(file).flatMap(({ event }) => event ?? [])).toEqual([
      ...['connected', 'disconnected'],
      ...['connected', 'disconnected'],
    ]);
  });

  test('a file that another tap is recording to is left to it, until that is gone', async () => {
    const file = folder.file('calls.ttrpc');
    tapped = await start('--save', file);
    const begun = readFileSync(file, 'utf8');
    const other = folder.file('link.ttrpc');
    symlinkSync(file, other);
    const again = ['--no-reflection', '--save', other, folder.url('u.sock'), folder.url('s.sock')];
    expect(await ttrpc(['tap', ...again])).toMatchObject({
      status: 1,
      stdout: '',
      stderr: `ttrpc: --save ${other}: another ttrpc tap is recording to it\n`,
    });
    expect(readFileSync(file, 'utf8')).toBe(begun);
    // As by a crash: nothing is left that would keep the next one out.
    await tapped.program.kill();
    tapped = await Tapped.start(folder.url('u.sock'), folder.url('s.sock'), again.slice(0, 3));
    expect(readFileSync(file, 'utf8')).not.toBe(begun);
    expect(await tapped.stop()).toMatchObject({ status: 0 });
  });

  test('the socket is only for the user who runs the tap, whatever the umask', async () => {
    const args = [await builtCommand(), 'tap', '--no-reflection', folder.url('t.sock'), folder.url('s.sock')];
    const program = startProgram('sh', ['-c', 'umask 0; exec "$@"', 'sh', process.execPath, ...args]);
    try {
      await program.complains('listening on');
      expect(statSync(folder.file('t.sock')).mode & 0o777).toBe(0o600);
    } finally {
      await program.kill();
    }
  });

  test('a recording that is slower than what passes warns of nothing', async () => {
    server = createServer((socket) => socket.resume().on('end', () => socket.end()));
    await new Promise<void>((resolve) => server?.listen(folder.file('s.sock'), resolve));
    tapped = await start('--save', folder.file('calls.ttrpc'));
    const client = await connectToTap();
    const frame = Buffer.alloc(10 + (1 << 20));
    // Data of 1 MiB.
    frame.set([0, 0x10, 0, 0, 0, 0, 0, 1, 3]);
    client.resume().end(Buffer.concat(Array.from({ length: 32 }, () => frame)));
    await tapped.shows('"event":"disconnected","connection":1');
    expect(await tapped.stop()).toMatchObject({ status: 0, stderr: expect.stringMatching(/^listening on [^\n]*\n$/) });
  });

  test('Ctrl-C ends the tap while a server does not read what has been sent to it', async () => {
    const accept = await startSlowServer();
    tapped = await start('--hybrid-vsock', '1');
    const client = await connectToTap();
    const socket = await accept();
    // More than all buffers on the way.
    client.write(Buffer.alloc(8 << 20));
    socket.pause();
    await tapped.shows('"event":"note"');
    expect(await tapped.stop()).toMatchObject({ status: 0 });
    for (const each of [client, socket]) each.destroy();
  });

  test('a disk that is full is told at the start', async () => {
    const args = ['tap', '--no-reflection', '--save', '/dev/full', folder.url('t.sock'), folder.url('s.sock')];
    expect(await ttrpc(args)).toEqual({
      status: 1,
      signal: null,
      stdout: '',
      stderr: expect.stringMatching(/^ttrpc: --save \/dev\/full: .*no space left on device.*\n$/),
    });
    expect(folder.list()).toEqual([]);
  });

  test('what cannot be recorded is told at once, and ends the tap', async () => {
    const accept = await startSlowServer();
    const file = folder.file('calls.fifo');
    execFileSync('mkfifo', [file]);
    // It goes when it has the beginning of the recording and that of the first connection.
    const reader = startProgram('head', ['-n', '2', file]);
    tapped = await start('--hybrid-vsock', '1', '--save', file);
    const client = await connectToTap();
    const socket = await accept();
    expect((await reader.ended).stdout).toContain('"connected"');
    // It is on its way to the server when the tap ends.
    const other = await connectToTap();
    const end = await tapped.program.ended;
    expect(end.status).toBe(1);
    expect(end.stderr.replace(/^listening on .*\n/, '')).toMatch(/^ttrpc: --save .*: .*EPIPE.*\n$/);
    for (const each of [client, other, socket]) each.destroy();
  });
});
