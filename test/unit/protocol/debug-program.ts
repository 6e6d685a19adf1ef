// A server and a client that call each other, for debug.spec.ts: node --import …/register-sources.mjs debug-program.ts <address>.
import { connect, serve, TtrpcError, TtrpcStatus } from 'nestjs-ttrpc/protocol';

const [address = ''] = process.argv.slice(2);
const server = await serve(
  address,
  {
    'raw.v1.Raw': {
      Echo: (request) => request,
      Fail: () => {
        throw new TtrpcError(TtrpcStatus.NOT_FOUND, 'not here\nFORGED 1: a line');
      },
      Chat: {
        shape: 'bidi',
        async *handle(requests) {
          for await (const request of requests) yield request;
        },
      },
    },
  },
  { maxMessageBytes: 100_000 },
);
const client = await connect(address);
const call = (method: string, request: Uint8Array) =>
  client.call('raw.v1.Raw', method, request, { timeoutMs: 60_000, metadata: { authorization: 'password1' } });
await call('Echo', Buffer.from('password2'));
await call('Fail', Buffer.alloc(0)).catch(() => undefined);
await call('Nothing', Buffer.alloc(0)).catch(() => undefined);
// Several chunks, and over the limit of the server.
const large = await call('Echo', Buffer.alloc(90_000, 1));
await call('Echo', Buffer.alloc(100_000, 1)).catch(() => undefined);
const chat = client.stream('raw.v1.Raw', 'Chat', 'bidi');
await chat.send(Buffer.from('hello'));
chat.closeSend();
for await (const { length } of chat) console.log(`${length} and ${large.length} bytes`);
client.close();
await server.close();
