import { serve as serveTtrpc, type RawServices } from 'nestjs-ttrpc/protocol';
import { encodeEcho, newBody, SERVICE } from '../messages.js';
import { serve } from '../serve.js';

/** The engine alone: bytes in, bytes out, default limits. */
const services: RawServices = {
  [SERVICE]: {
    Unary: (request) => request,
    Guarded: (request) => request,
    Place: (request) => request,
    Download: { shape: 'server-streaming', handle: download },
    Upload: { shape: 'client-streaming', handle: upload },
    Chat: { shape: 'bidi', handle: (messages) => messages },
  },
};

async function* download(request: Uint8Array): AsyncIterable<Uint8Array> {
  const { count, bytes, first } = readDownloadRequest(request);
  const message = encodeEcho(0, newBody(bytes));
  for (let i = 0; i < count; i++) {
    const own = Buffer.from(message);
    own.writeUInt32LE((first + i) >>> 0, 1);
    yield own;
  }
}

async function upload(messages: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let count = 0;
  let sum = 0;
  let bytes = 0;
  for await (const message of messages) {
    const view = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
    count++;
    sum = (sum + view.readUInt32LE(1)) >>> 0;
    bytes += bodyLength(view);
  }
  const reply = Buffer.from([0x08, 0, 0, 0, 0, 0, 0x15, 0, 0, 0, 0, 0x18, 0, 0, 0, 0, 0]);
  writeVarint5(reply, 1, count);
  reply.writeUInt32LE(sum, 7);
  writeVarint5(reply, 12, bytes >>> 0);
  return reply;
}

function bodyLength(echo: Buffer): number {
  // Behind the value (5 bytes) and the body's tag.
  return readVarint(echo, 6).value;
}

function readDownloadRequest(request: Uint8Array): { count: number; bytes: number; first: number } {
  const view = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
  const fields = [0, 0, 0, 0];
  for (let at = 0; at < view.length;) {
    const tag = view[at++] as number;
    if ((tag & 7) === 5) {
      fields[tag >> 3] = view.readUInt32LE(at);
      at += 4;
    } else {
      const { value, end } = readVarint(view, at);
      fields[tag >> 3] = value;
      at = end;
    }
  }
  return { count: fields[1] as number, bytes: fields[2] as number, first: fields[3] as number };
}

function readVarint(bytes: Buffer, at: number): { value: number; end: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value: value >>> 0, end: at };
  }
}

function writeVarint5(into: Buffer, at: number, value: number): void {
  for (let i = 0; i < 5; i++) into[at + i] = ((value >>> (7 * i)) & 0x7f) | (i < 4 ? 0x80 : 0);
}

serve(async (path) => {
  await serveTtrpc(`unix://${path}`, services);
});
