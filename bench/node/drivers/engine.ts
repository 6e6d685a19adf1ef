import { connect, type RawCallOptions } from 'nestjs-ttrpc/protocol';
import { METADATA, type CallExtras } from '../load/bench-client.js';
import { drive } from '../load/drive.js';
import { encodeEcho, SERVICE, type Echo } from '../messages.js';
import { decodeEcho, decodeUploadReply, encodeDownloadRequest } from '../raw-messages.js';

/** Our raw client: bytes in, bytes out. */
drive(async (path) => {
  const client = await connect(`unix://${path}`);
  return {
    async unary(rpc, { value, body }, extras) {
      return decodeEcho(await client.call(SERVICE, rpc, encode(value, body), options(extras)));
    },
    place() {
      throw new Error('the raw client knows no messages: it has no place');
    },
    async download(request, onMessage) {
      const call = client.stream(SERVICE, 'Download', 'server-streaming');
      await call.send(encodeDownloadRequest(request));
      for await (const message of call) onMessage(decodeEcho(message));
    },
    async upload(messages) {
      const call = client.stream(SERVICE, 'Upload', 'client-streaming');
      for (const { value, body } of messages) await call.send(encode(value, body));
      call.closeSend();
      for await (const reply of call) return decodeUploadReply(reply);
      throw new Error('no response');
    },
    chat(onMessage) {
      const call = client.stream(SERVICE, 'Chat', 'bidi');
      const done = (async () => {
        for await (const message of call) onMessage(decodeEcho(message));
      })();
      return {
        // Never more than `inFlight` are out: there is nothing to wait for.
        send: ({ value, body }: Echo) => void call.send(encode(value, body)),
        end: () => call.closeSend(),
        done,
      };
    },
    close: () => client.close(),
  };
});

let template: { body: Uint8Array; message: Buffer } | undefined;

/** An encoded Echo: a copy of the last one with this body, with a value of its own. */
function encode(value: number, body: Uint8Array): Buffer {
  if (template?.body !== body) template = { body, message: encodeEcho(0, body) };
  const message = Buffer.from(template.message);
  message.writeUInt32LE(value, 1);
  return message;
}

function options({ metadata, deadlineMs }: CallExtras): RawCallOptions | undefined {
  if (!metadata && deadlineMs === undefined) return undefined;
  return { metadata: metadata ? METADATA : undefined, timeoutMs: deadlineMs };
}
