import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { parseAddress } from '../../../../src/protocol/socket/address.js';
import { dial } from '../../../../src/protocol/socket/dial.js';
import { FrameReader } from '../../../../src/protocol/wire/frame-reader.js';
import { retain } from '../../../../src/protocol/wire/retain.js';
import { FrameWriter } from '../../../../src/protocol/wire/frame-writer.js';
import { bytesCodec } from '../../../../src/protocol/wire/message-codec.js';
import { listenToReads } from '../../../../src/protocol/socket/shared-reads.js';
import { TempFolder } from '../../../support/temp-folder.js';
import { turn } from '../../../support/deferred.js';

/** A message that says of each of its bytes where it belongs. */
function message(index: number): Buffer {
  const sizes = [0, 3, 64, 700, 4096, 9000, 15_000, 16_384, 40_000, 200_000];
  const bytes = Buffer.alloc(sizes[index % sizes.length] as number);
  for (let i = 0; i < bytes.length; i++) bytes[i] = index * 31 + i;
  return bytes;
}

describe('sockets', () => {
  let folder: TempFolder;
  let server: Server;
  let accepted: Promise<Socket>;

  beforeEach(async () => {
    folder = new TempFolder();
    server = createServer();
    accepted = new Promise((resolve) => server.once('connection', resolve));
    server.listen(folder.file('s.sock'));
    await once(server, 'listening');
  });

  afterEach(async () => {
    (await accepted).destroy();
    server.close();
    await once(server, 'close');
    folder.remove();
  });

  /** Dials, and collects the messages of all frames that come. */
  async function reader(
    count: number,
    afterDial: () => Promise<unknown> = turn,
  ): Promise<{ socket: Socket; messages: Uint8Array[]; done: Promise<void> }> {
    const socket = (await dial(parseAddress(folder.url()))) as Socket;
    await afterDial();
    const messages: Uint8Array[] = [];
    const done = new Promise<void>((resolve, reject) => {
      const frames = new FrameReader(
        {
          onFrame(_id, _type, _flags, buf, start, end) {
            messages.push(retain(buf, start, end));
            if (messages.length === count) resolve();
          },
          onOversizedFrame: () => reject(new Error('an oversized frame')),
        },
        1 << 20,
      );
      listenToReads(socket, frames);
    });
    return { socket, messages, done };
  }

  it('reads into one buffer, and what is kept of it stays as it was', async () => {
    const count = 200;
    const { socket, messages, done } = await reader(count);
    const writer = new FrameWriter(await accepted, 1 << 20);
    for (let i = 0; i < count; i++) {
      writer.writeData(1, bytesCodec, message(i));
      if (i % 7 === 0) await turn();
    }
    socket.resume();
    await done;
    for (let i = 0; i < count; i++) expect(message(i).equals(messages[i] as Uint8Array)).toBe(true);
    socket.destroy();
  });

  it('loses nothing of what comes before somebody listens, and nothing while it is held', async () => {
    const peer = accepted.then((socket) => {
      const writer = new FrameWriter(socket, 1 << 20);
      for (let i = 0; i < 5; i++) writer.writeData(1, bytesCodec, message(i));
      writer.flush();
      return writer;
    });
    const { socket, messages, done } = await reader(10, async () => {
      await peer;
      for (let i = 0; i < 10; i++) await turn();
    });
    const writer = await peer;
    expect(messages).toHaveLength(0);
    socket.resume();
    while (messages.length < 5) await turn();
    socket.pause();
    for (let i = 5; i < 10; i++) writer.writeData(1, bytesCodec, message(i));
    for (let i = 0; i < 10; i++) await turn();
    expect(messages).toHaveLength(5);
    socket.resume();
    await done;
    for (let i = 0; i < 10; i++) expect(message(i).equals(messages[i] as Uint8Array)).toBe(true);
    socket.destroy();
  });

  it('writes over no bytes that a slow peer has not taken', async () => {
    const count = 600;
    const { socket, messages, done } = await reader(count);
    const peer = await accepted;
    const writer = new FrameWriter(peer, 1 << 20);
    let reads = false;
    for (let i = 0; i < count; i++) {
      writer.writeData(1, bytesCodec, message(i));
      // Now held up, now drained to the end, so that buffers are given back and taken again at each fill.
      if (i % 13 === 0) await turn();
      if (i % 40 === 0) {
        reads = !reads;
        if (reads) socket.resume();
        else socket.pause();
      }
      if (reads && i % 40 === 39) while (peer.writableLength > 0) await turn();
    }
    socket.resume();
    await done;
    for (let i = 0; i < count; i++) expect(message(i).equals(messages[i] as Uint8Array)).toBe(true);
    expect(writer.unsentBytes).toBe(0);
    socket.destroy();
  });
});
