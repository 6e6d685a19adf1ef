// The greeter with the engine alone: bytes in and out, without Nest, protobuf messages or a build.
import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, serve, TtrpcError, TtrpcStatus } from 'nestjs-ttrpc/protocol';

/** A message whose only field is the string 1, shorter than 128 bytes: HelloRequest, HelloReply, Line. */
const text = (value) => Buffer.from([0x0a, Buffer.byteLength(value), ...Buffer.from(value)]);
const textOf = (bytes) => Buffer.from(bytes).subarray(2).toString();

const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
const address = `unix://${join(folder, 'greeter.sock')}`;
const server = await serve(address, {
  'demo.v1.Greeter': {
    SayHello: (bytes) => {
      if (bytes.length === 0) throw new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, 'nobody to greet');
      return text(`Hello, ${textOf(bytes)}!`);
    },
    Chat: {
      shape: 'bidi',
      handle: async function* (lines) {
        for await (const line of lines) yield text(textOf(line).toUpperCase());
      },
    },
  },
});
const client = await connect(address);
try {
  const reply = textOf(await client.call('demo.v1.Greeter', 'SayHello', text('Ada')));
  console.log(reply);
  strictEqual(reply, 'Hello, Ada!');

  const chat = client.stream('demo.v1.Greeter', 'Chat', 'bidi');
  for (const line of ['a line', 'another']) await chat.send(text(line));
  chat.closeSend();
  const answers = [];
  for await (const line of chat) answers.push(textOf(line));
  console.log(answers);
  deepStrictEqual(answers, ['A LINE', 'ANOTHER']);

  await rejects(client.call('demo.v1.Greeter', 'SayHello', new Uint8Array(0)), {
    code: TtrpcStatus.INVALID_ARGUMENT,
    message: 'nobody to greet',
  });
} finally {
  client.close();
  await server.close();
  rmSync(folder, { recursive: true });
}
