import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createConnection, type Server, type Socket } from 'node:net';
import { readingServer } from '../../../../src/protocol/socket/accepted-reads.js';
import { dial } from '../../../../src/protocol/socket/dial.js';
import { parseAddress } from '../../../../src/protocol/socket/address.js';
import { listenToReads, type ReadTarget } from '../../../../src/protocol/socket/shared-reads.js';
import { socketReadsOf, type SocketReads } from '../../../../src/protocol/socket/socket-reads.js';
import { FrameReader } from '../../../../src/protocol/wire/frame-reader.js';
import { FrameWriter } from '../../../../src/protocol/wire/frame-writer.js';
import { bytesCodec } from '../../../../src/protocol/wire/message-codec.js';
import { retain } from '../../../../src/protocol/wire/retain.js';
import { connect, serve } from '../../../../src/protocol/index.js';
import { TempFolder } from '../../../support/temp-folder.js';
import { turn } from '../../../support/deferred.js';

/** A message that says of each of its bytes where it belongs. */
function message(index: number): Buffer {
  const sizes = [0, 3, 64, 700, 4096, 15_000, 40_000, 70_000, 262_144, 1_000_000];
  const bytes = Buffer.alloc(sizes[index % sizes.length] as number);
  for (let i = 0; i < bytes.length; i++) bytes[i] = index * 31 + i;
  return bytes;
}

/** Collects what is read, and how it came. */
class Collector implements ReadTarget {
  readonly messages: Uint8Array[] = [];
  pushed = 0;
  filledBytes = 0;
  readonly #frames = new FrameReader(
    {
      onFrame: (_id, _type, _flags, buf, start, end) => void this.messages.push(retain(buf, start, end)),
      onOversizedFrame: () => undefined,
    },
    1 << 20,
  );

  push(buf: Uint8Array, end: number): void {
    this.pushed += end;
    this.#frames.push(buf, end);
  }

  space(): Uint8Array | undefined {
    return this.#frames.space();
  }

  filled(bytes: number): void {
    this.filledBytes += bytes;
    this.#frames.filled(bytes);
  }

  async has(count: number): Promise<void> {
    while (this.messages.length < count) await turn();
  }
}

describe('accepted sockets', () => {
  let folder: TempFolder;
  let server: Server;
  let peer: Socket;

  beforeEach(() => {
    folder = new TempFolder();
  });

  afterEach(async () => {
    peer.destroy();
    server.close();
    // It comes only when the server knows that its connections are gone.
    await once(server, 'close');
    folder.remove();
  });

  async function accept(reads: SocketReads): Promise<Socket> {
    server = readingServer({}, reads);
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    server.listen(folder.file('s.sock'));
    await once(server, 'listening');
    peer = createConnection(folder.file('s.sock'));
    return (await accepted)[0];
  }

  it.each(['shared', 'stream'] as const)('%s: every message comes as it was, whatever its size', async (reads) => {
    const socket = await accept(reads);
    const got = new Collector();
    listenToReads(socket, got);
    socket.resume();
    const writer = new FrameWriter(peer, 1 << 20);
    const count = 60;
    for (let i = 0; i < count; i++) {
      writer.writeData(1, bytesCodec, message(i));
      if (i % 7 === 0) await turn();
    }
    writer.flush();
    await got.has(count);
    for (let i = 0; i < count; i++) expect(message(i).equals(got.messages[i] as Uint8Array)).toBe(true);
    // The greater part of the large ones was read straight into their own memory.
    if (reads === 'shared') expect(got.filledBytes).toBeGreaterThan(got.pushed);
    else expect(got.filledBytes).toBe(0);
    socket.destroy();
  });

  it.each(['shared', 'stream'] as const)(
    '%s: what comes before somebody listens is kept, and nothing while it is paused',
    async (reads) => {
      const socket = await accept(reads);
      const writer = new FrameWriter(peer, 1 << 20);
      for (let i = 0; i < 20; i++) writer.writeData(1, bytesCodec, message(i));
      writer.flush();
      while (socket.readableLength === 0) await turn();
      for (let i = 0; i < 10; i++) await turn();
      expect(socket.readableLength).toBeLessThan(3 * 64 * 1024);
      const got = new Collector();
      listenToReads(socket, got);
      socket.resume();
      while (got.messages.length < 5) await turn();
      socket.pause();
      await turn();
      const before = got.messages.length;
      for (let i = 0; i < 10; i++) await turn();
      expect(got.messages).toHaveLength(before);
      socket.resume();
      await got.has(20);
      for (let i = 0; i < 20; i++) expect(message(i).equals(got.messages[i] as Uint8Array)).toBe(true);
      socket.destroy();
    },
  );

  it.each(['shared', 'stream'] as const)('%s: says that the peer has left, before somebody listens', async (reads) => {
    const socket = await accept(reads);
    const end = once(socket, 'end');
    peer.end();
    await end;
    expect(socket.readableEnded).toBe(true);
  });

  it('shared: drops what comes after the listener is gone', async () => {
    const socket = await accept('shared');
    const got = new Collector();
    const stop = listenToReads(socket, got);
    socket.resume();
    // The greater part of a frame, so that the next read would go into its memory.
    const frame = Buffer.alloc(10 + 262_144);
    frame.writeUInt32BE(262_144, 0);
    peer.write(frame.subarray(0, 200_000));
    while (got.pushed + got.filledBytes < 200_000) await turn();
    stop();
    const read = socket.bytesRead;
    peer.write(frame.subarray(200_000));
    peer.write(frame);
    while (socket.bytesRead < read + 62_000 + frame.length) await turn();
    expect(got.pushed + got.filledBytes).toBe(200_000);
    expect(got.messages).toHaveLength(0);
    socket.destroy();
  });

  it('falls back to the events of a stream where Node has no such internals', async () => {
    const probe = readingServer({}, 'stream');
    const first = once(probe, 'connection') as Promise<[Socket]>;
    probe.listen(folder.file('p.sock'));
    await once(probe, 'listening');
    const near = createConnection(folder.file('p.sock'));
    const [accepted] = await first;
    let owner = (accepted as unknown as { _handle: object })._handle;
    while (!Object.hasOwn(owner, 'useUserBuffer')) owner = Object.getPrototypeOf(owner) as object;
    near.destroy();
    accepted.destroy();
    probe.close();

    const internals = owner as { useUserBuffer?: unknown };
    const { useUserBuffer } = internals;
    delete internals.useUserBuffer;
    try {
      const socket = await accept('shared');
      const got = new Collector();
      const writer = new FrameWriter(peer, 1 << 20);
      for (let i = 0; i < 10; i++) writer.writeData(1, bytesCodec, message(i));
      writer.flush();
      while (socket.readableLength === 0) await turn();
      listenToReads(socket, got);
      socket.resume();
      await got.has(10);
      for (let i = 0; i < 10; i++) expect(message(i).equals(got.messages[i] as Uint8Array)).toBe(true);
      expect(got.filledBytes).toBe(0);
      socket.destroy();
    } finally {
      internals.useUserBuffer = useUserBuffer;
    }
  });
});

describe('socketReads', () => {
  it('is shared by default; an invalid value is named', async () => {
    expect(socketReadsOf({})).toBe('shared');
    expect(socketReadsOf({ socketReads: 'stream' })).toBe('stream');
    const options = { socketReads: 'fast' as SocketReads };
    const message = `socketReads: expected 'shared' or 'stream', got string "fast"`;
    await expect(serve('unix:///nowhere/s.sock', {}, options)).rejects.toThrow(message);
    await expect(connect('unix:///nowhere/s.sock', options)).rejects.toThrow(message);
  });

  it.each([
    ['shared', 'stream'],
    ['stream', 'shared'],
  ] as const)('server %s, client %s: large echoes', async (onServer, onClient) => {
    const folder = new TempFolder();
    const server = await serve(
      folder.url(),
      { 'demo.Echo': { Say: (request: Uint8Array) => Promise.resolve(request) } },
      { socketReads: onServer },
    );
    const client = await connect(folder.url(), { socketReads: onClient });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => client.call('demo.Echo', 'Say', message(i))),
    );
    answers.forEach((answer, i) => expect(message(i).equals(answer)).toBe(true));
    client.close();
    await server.close();
    folder.remove();
  });

  it('stream: a client reads as any stream', async () => {
    const folder = new TempFolder();
    const server = readingServer({}, 'shared');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    server.listen(folder.file('s.sock'));
    await once(server, 'listening');
    const socket = await dial(parseAddress(folder.url('s.sock')), undefined, 'stream');
    const [peer] = await accepted;
    peer.write('bytes');
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('bytes');
    socket.destroy();
    peer.destroy();
    server.close();
    await once(server, 'close');
    folder.remove();
  });
});
