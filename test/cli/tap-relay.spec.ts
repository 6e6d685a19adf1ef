import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { relay } from '../../src/cli/tap/relay.js';
import { TempFolder } from '../support/temp-folder.js';

/** A socket whose other end reads when the test says so. */
class SlowSocket extends Duplex {
  readonly received: string[] = [];
  #pass: () => void = () => undefined;

  override _read(): void {
    // Bytes come when they come.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#pass = () => {
      this.received.push(chunk.toString());
      done();
    };
    this.emit('waits');
  }

  /** Its other end reads what waits. */
  receive(): void {
    this.#pass();
  }
}

test('what came before a reset reaches its reader, however slow that is', async () => {
  const [client, server] = [new SlowSocket(), new SlowSocket()];
  const over = relay(client, server, { onBytes: () => undefined, onEnd: () => undefined });
  const waits = once(client, 'waits');
  server.push('the last response');
  await waits;
  const gone = new Promise((resolve) => server.once('close', resolve));
  server.destroy(new Error('ECONNRESET'));
  await gone;
  expect(client.destroyed).toBe(false);
  client.receive();
  await over;
  expect(client.received).toEqual(['the last response']);
  expect(client.destroyed).toBe(true);
});

test('a reset is passed on at once where nothing waits', async () => {
  const [client, server] = [new SlowSocket(), new SlowSocket()];
  const over = relay(client, server, { onBytes: () => undefined, onEnd: () => undefined });
  server.destroy(new Error('ECONNRESET'));
  await over;
  expect(client.destroyed).toBe(true);
});

test('what was read ahead of a reset reaches its reader', async () => {
  const [client, server] = [new SlowSocket(), new SlowSocket()];
  let show: () => void = () => undefined;
  const shown = new Promise<void>((resolve) => (show = resolve));
  const seen: string[] = [];
  const over = relay(client, server, {
    onBytes: (_from, chunk) => {
      seen.push(Buffer.from(chunk).toString());
      return shown;
    },
    onEnd: () => undefined,
  });
  client.on('waits', () => client.receive());
  server.push('one ');
  await once(client, 'waits');
  for (const text of ['two ', 'three']) server.push(text);
  server.destroy(new Error('ECONNRESET'));
  await over;
  show();
  expect(client.received.join('')).toBe('one two three');
  expect(seen.join('')).toBe('one two three');
});

describe('with unix sockets', () => {
  const NOBODY = { onBytes: () => undefined, onEnd: () => undefined };
  let folder: TempFolder;
  const open: Socket[] = [];
  beforeEach(() => {
    folder = new TempFolder();
  });
  afterEach(() => {
    for (const socket of open.splice(0)) socket.destroy();
    folder.remove();
  });

  /** Both ends of a connection: that of a peer, and that of the relay, which reads nothing until it is resumed. */
  const connected = async (name: string): Promise<[peer: Socket, own: Socket]> => {
    const listener = createServer({ pauseOnConnect: true, allowHalfOpen: true });
    await new Promise<void>((resolve) => listener.listen(folder.file(name), resolve));
    const accepted = once(listener, 'connection') as Promise<[Socket]>;
    const peer = createConnection({ path: folder.file(name), allowHalfOpen: true });
    const [own] = await accepted;
    await once(peer, 'connect');
    listener.close();
    for (const socket of [peer, own]) open.push(socket.on('error', () => undefined));
    return [peer, own];
  };
  const textOf = async (socket: Socket): Promise<string> => {
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(socket, 'close');
    return text;
  };

  test.each(['client', 'server'] as const)(
    'what a %s sent before it closed reaches the other side, which is still sending',
    async (name) => {
      const [going, fromGoing] = await connected('a.sock');
      const [staying, fromStaying] = await connected('b.sock');
      await new Promise((resolve) => going.write('the last words', resolve));
      going.destroy();
      await once(going, 'close');
      const over = name === 'client' ? relay(fromGoing, fromStaying, NOBODY) : relay(fromStaying, fromGoing, NOBODY);
      const received = textOf(staying);
      fromStaying.resume();
      for (let i = 0; i < 5; i++) {
        staying.write('more');
        await sleep(2);
      }
      // Until now nothing was read of it, and writing to it has failed.
      fromGoing.resume();
      await over;
      staying.end();
      expect(await received).toBe('the last words');
    },
  );

  test('what is sent to a side that has gone is shown and dropped, until that has been read', async () => {
    const [client, fromClient] = await connected('a.sock');
    const [server, fromServer] = await connected('b.sock');
    server.destroy();
    await once(server, 'close');
    let seen = 0;
    const over = relay(fromClient, fromServer, {
      onBytes: (_from, chunk) => void (seen += chunk.length),
      onEnd: () => undefined,
    });
    fromClient.resume();
    // More than all buffers on the way.
    await new Promise((resolve) => client.write(Buffer.alloc(4 << 20), resolve));
    expect(seen).toBeGreaterThan(2 << 20);
    fromServer.resume();
    await over;
    expect(fromClient.destroyed).toBe(true);
  });
});
