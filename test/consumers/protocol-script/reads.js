// Both ways of reading sockets, on both sides: messages of all sizes, many at once, and a stream. `--any` where the
// runtime need not have what `socketReads: 'shared'` rests on: then only that all arrives counts.
import { ok, strictEqual } from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, serve } from 'nestjs-ttrpc/protocol';

const SERVICE = 'demo.v1.Reads';
const SIZES = [0, 1, 100, 4096, 65_535, 65_536, 300_000, 2_000_000];
const ROUNDS = 5;

/** What came as chunks of a stream; sockets that read into the shared buffer have none. */
let streamed = 0;
const { push } = net.Socket.prototype;
net.Socket.prototype.push = function (chunk, encoding) {
  streamed += chunk?.length ?? 0;
  return push.call(this, chunk, encoding);
};

const handlers = {
  [SERVICE]: {
    Echo: (bytes) => bytes,
    Chat: {
      shape: 'bidi',
      handle: async function* (messages) {
        yield* messages;
      },
    },
  },
};

/** Sends everything and gets it back; resolves with the number of bytes that came as chunks of streams. */
async function exchange(serverReads, clientReads) {
  const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
  const address = `unix://${join(folder, 's')}`;
  const server = await serve(address, handlers, { socketReads: serverReads });
  const client = await connect(address, { socketReads: clientReads });
  streamed = 0;
  try {
    const messages = SIZES.map((size) => randomFillSync(Buffer.alloc(size)));
    for (let round = 0; round < ROUNDS; round++) {
      const replies = await Promise.all(messages.map((message) => client.call(SERVICE, 'Echo', message)));
      replies.forEach((reply, i) => ok(messages[i].equals(reply), `${SIZES[i]} bytes came back changed`));
    }
    const chat = client.stream(SERVICE, 'Chat', 'bidi');
    const sending = (async () => {
      for (const message of messages) await chat.send(message);
      chat.closeSend();
    })();
    let at = 0;
    for await (const reply of chat) ok(messages[at++].equals(reply), 'a message of the stream came back changed');
    await sending;
    strictEqual(at, messages.length);
    return streamed;
  } finally {
    client.close();
    await server.close();
    rmSync(folder, { recursive: true });
  }
}

const isAny = process.argv.includes('--any');
const all = await exchange('stream', 'stream');
const ofServer = await exchange('stream', 'shared');
const ofClient = await exchange('shared', 'stream');
const none = await exchange('shared', 'shared');
console.log('bytes that came as chunks:', { all, ofServer, ofClient, none });
if (!isAny) {
  ok(all > 0 && ofServer > 0 && ofClient > 0, 'socketReads "stream" does not read a stream');
  ok(ofServer < all && ofClient < all, 'socketReads "shared" reads a stream on one side');
  strictEqual(none, 0, 'socketReads "shared" reads a stream');
}

// A runtime whose sockets cannot be given a buffer: the server falls back to reading streams.
if (!isAny) {
  const prototypes = [];
  const probe = net.createServer((socket) => {
    for (let each = Object.getPrototypeOf(socket._handle); each; each = Object.getPrototypeOf(each)) {
      if (Object.hasOwn(each, 'useUserBuffer')) prototypes.push(each);
    }
    socket.destroy();
  });
  const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
  await new Promise((resolve) => probe.listen(join(folder, 's'), resolve));
  await new Promise((resolve) => net.connect(join(folder, 's')).resume().on('close', resolve));
  await new Promise((resolve) => probe.close(resolve));
  rmSync(folder, { recursive: true });
  ok(prototypes.length > 0, 'no handle has useUserBuffer');
  for (const each of prototypes) delete each.useUserBuffer;
  strictEqual(await exchange('shared', 'stream'), all, 'without useUserBuffer the server reads streams');
  console.log('without useUserBuffer: all');
}
