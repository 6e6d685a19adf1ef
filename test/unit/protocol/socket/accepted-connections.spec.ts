import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { acceptConnections, connect, serve, type AcceptedConnections, type RawServer } from 'nestjs-ttrpc/protocol';
import { TempFolder } from '../../../support/temp-folder.js';

let folder: TempFolder;
let dialed: AcceptedConnections;

beforeEach(async () => {
  folder = new TempFolder();
  dialed = await acceptConnections(folder.url(), { maxWaiting: 2 });
});

afterEach(async () => {
  await dialed.close();
  folder.close();
});

/** A server that dials its client. */
async function dial(name: string): Promise<RawServer> {
  const socket = createConnection(folder.file('s.sock'));
  await once(socket, 'connect');
  return serve(socket, { 'test.Name': { Name: () => Buffer.from(name) } });
}

describe('acceptConnections', () => {
  it('makes a client of a server that dials it, and of the next one when that is gone', async () => {
    expect(dialed.address).toBe(folder.url());
    const connecting = connect(dialed.connect, { streams: 'shared' });
    const first = await dial('first');
    const client = await connecting;
    const name = async (): Promise<string> =>
      Buffer.from(await client.call('test.Name', 'Name', new Uint8Array(), { waitForReady: true })).toString();
    expect(await name()).toBe('first');
    await first.close();
    const second = await dial('second');
    expect(await name().catch(name)).toBe('second');
    client.close();
    await second.close();
  });

  it('lets as many wait as it may, and closes the others', async () => {
    const sockets = [1, 2, 3].map(() => createConnection(folder.file('s.sock')));
    await Promise.all(sockets.map((socket) => once(socket.resume(), 'connect')));
    await once(sockets[2] as Socket, 'close');
    const taken = await Promise.all([dialed.connect(), dialed.connect()]);
    for (const each of [...taken, ...sockets]) each.destroy();
  });

  it('stops to wait when it is told to', async () => {
    const abort = new AbortController();
    const waiting = dialed.connect(abort.signal);
    abort.abort(new Error('no more'));
    await expect(waiting).rejects.toThrow('no more');
    const other = dialed.connect();
    await dialed.close();
    await expect(other).rejects.toThrow('connections are not accepted any more');
    await expect(connect(dialed.connect)).rejects.toThrow('connections are not accepted any more');
  });

  it('refuses what is wrong', async () => {
    await expect(acceptConnections(folder.url('t.sock'), { maxWaiting: 0 })).rejects.toThrow(
      'maxWaiting: expected an integer of 1 or more, got 0',
    );
    await expect(acceptConnections('localhost:1')).rejects.toThrow('a TCP address begins with tcp://');
    await expect(connect(5 as never)).rejects.toThrow('expected an address, a Duplex, or a function');
  });
});
