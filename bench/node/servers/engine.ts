import { serve as serveTtrpc, type RawServices } from 'nestjs-ttrpc/protocol';
import { encodeEcho, newBody, SERVICE } from '../messages.js';
import { decodeDownloadRequest, echoBody, echoValue, encodeUploadReply } from '../raw-messages.js';
import { serve } from '../serve.js';

/** The engine alone: bytes in, bytes out, default limits but for the number of connections, which is a row of the bench. */
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
  const { count, bytes, first } = decodeDownloadRequest(request);
  const message = encodeEcho(0, newBody(bytes));
  for (let i = 0; i < count; i++) {
    const own = Buffer.from(message);
    own.writeUInt32LE((first + i) >>> 0, 1);
    yield own;
  }
}

async function upload(messages: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const reply = { count: 0, sum: 0, bytes: 0 };
  for await (const message of messages) {
    reply.count++;
    reply.sum = (reply.sum + echoValue(message)) >>> 0;
    reply.bytes = (reply.bytes + echoBody(message).length) >>> 0;
  }
  return encodeUploadReply(reply);
}

/** With a number behind the path it serves so many methods more. */
function withMethods(count: number): RawServices {
  const more = Array.from({ length: count }, (_, i) => [`Method${i}`, (request: Uint8Array) => request] as const);
  return { [SERVICE]: { ...Object.fromEntries(more), ...services[SERVICE] } };
}

serve(async (path) => {
  await serveTtrpc(`unix://${path}`, withMethods(Number(process.argv[3] ?? 0)), { maxConnections: 16_384 });
});
