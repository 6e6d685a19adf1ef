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
      const request = encode(value, body);
      const response = await client.call(SERVICE, rpc, request, options(extras));
      // The server has it: the next call may write into it.
      if (template?.body === body) template.spare.push(request);
      return decodeEcho(response);
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

let template: { body: Uint8Array; message: Buffer; spare: Buffer[] } | undefined;

/**
 * An encoded Echo with a value of its own: one that was sent before, or a copy. Without it the bench would measure how
 * long it takes itself to copy large bodies.
 */
function encode(value: number, body: Uint8Array): Buffer {
  if (template?.body !== body) template = { body, message: encodeEcho(0, body), spare: [] };
  const message = template.spare.pop() ?? Buffer.from(template.message);
  message.writeUInt32LE(value, 1);
  return message;
}

function options({ metadata, deadlineMs }: CallExtras): RawCallOptions | undefined {
  if (!metadata && deadlineMs === undefined) return undefined;
  return { metadata: metadata ? METADATA : undefined, timeoutMs: deadlineMs };
}
