import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, implement, serve, type RawServer } from 'nestjs-ttrpc/protocol';
import { loadServices } from 'nestjs-ttrpc/schema';
import { frameBytes } from '../support/frame-bytes.js';
import { TempFolder } from '../support/temp-folder.js';

/*
 * Peers that leave frames unfinished, beside clients whose messages are read into memory of the same sizes. Nothing of
 * what the ones have sent may get into a message of the others, and nothing may stay when they are gone.
 */

const KIB = 1024;
const Lab = loadServices({ protoPath: fileURLToPath(new URL('../nest/lab.proto', import.meta.url)) }).get('lab.v1.Lab');

interface LabClient {
  ask(request: { text: string }): Promise<{ text: string }>;
}

describe.each(['shared', 'stream'] as const)('a server that reads %s', (socketReads) => {
  let folder: TempFolder;
  let server: RawServer;
  let sockets: Socket[];

  beforeEach(async () => {
    folder = new TempFolder();
    sockets = [];
    server = await serve(
      folder.url(),
      [
        implement(Lab, {
          ask: ({ text }: { text: string }) => ({ text }),
        }),
      ],
      { socketReads, maxBufferedBytesPerServer: 4096 * KIB },
    );
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await server.close();
    expect(server.stats.bufferedBytes).toBe(0);
    folder.remove();
  });

  async function attacker(): Promise<Socket> {
    const socket = createConnection(folder.file('s.sock'));
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  const taken = (socket: Socket, bytes: Uint8Array): Promise<unknown> =>
    new Promise((resolve) => socket.write(bytes, resolve));

  it('gives each client its own bytes while frames of others are cut off anywhere', async () => {
    const client = await connect(folder.url(), { socketReads });
    const lab = client.service(Lab) as unknown as LabClient;
    const poison = frameBytes({ id: 1, type: 1, data: Buffer.alloc(200 * KIB, 0xff) });
    let number = 0;
    const calls: Promise<void>[] = [];
    for (let round = 0; round < 40; round++) {
      const cut = 11 + ((round * 7919) % (poison.length - 12));
      const socket = await attacker();
      const rest = taken(socket, poison.subarray(0, cut));
      for (const size of [150 * KIB, 200 * KIB, 70 * KIB]) {
        const text = String.fromCharCode(97 + (number++ % 26)).repeat(size);
        calls.push(lab.ask({ text }).then((reply) => expect(reply.text === text).toBe(true)));
      }
      await rest;
      // Some leave at once, some in the middle of what others send.
      if (round % 3 > 0) socket.destroy();
      if (round % 5 === 0) await Promise.all(calls.splice(0));
    }
    await Promise.all(calls);
    client.close();
  });

  it('keeps nothing of peers that are gone, and takes frames again then', async () => {
    const part = frameBytes({ id: 1, type: 1, data: Buffer.alloc(900 * KIB) }).subarray(0, 899 * KIB);
    for (let i = 0; i < 12; i++) void taken(await attacker(), part);
    while ((server.stats.refused.maxBufferedBytes ?? 0) < 4) await new Promise((resolve) => setImmediate(resolve));
    expect(server.stats.bufferedBytes).toBeLessThanOrEqual(4096 * KIB);
    for (const socket of sockets) socket.destroy();
    while (server.stats.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(server.stats.bufferedBytes).toBe(0);
    const client = await connect(folder.url(), { socketReads });
    const lab = client.service(Lab) as unknown as LabClient;
    const text = 'x'.repeat(2000 * KIB);
    expect((await lab.ask({ text })).text === text).toBe(true);
    client.close();
  });

  it('reads a frame that comes byte by byte behind one that came at once', async () => {
    const socket = await attacker();
    // The empty service is answered with an error: two answers say that both frames were read.
    const frame = (id: number): Buffer => frameBytes({ id, type: 1, data: Buffer.alloc(9000, 0x18) });
    let answered = 0;
    socket.on('data', (chunk: Buffer) => (answered += chunk.length));
    await taken(socket, frame(1));
    while (answered === 0) await new Promise((resolve) => setImmediate(resolve));
    const first = answered;
    for (const byte of frame(3)) await taken(socket, Buffer.of(byte));
    while (answered < 2 * first) await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(2 * first);
  });
});
