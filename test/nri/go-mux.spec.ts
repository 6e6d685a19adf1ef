import { createConnection } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, serve, type RawClient, type RawServer } from 'nestjs-ttrpc/protocol';
import { Mux, PLUGIN_CONNECTION, RUNTIME_CONNECTION } from '../../src/nri/mux.js';
import { Program } from '../interop/program.js';
import { hasGo } from '../support/go-module.js';
import { TempFolder } from '../support/temp-folder.js';
import { BUILD_MS, nriPrograms } from './runtime.js';

const withGo = (await hasGo()) ? describe : describe.skip;

/** Sizes at the edges of Go's buffer of 4,096 bytes, and of a message. */
const SIZES = [
  0,
  1,
  100,
  2048,
  4000,
  ...Array.from({ length: 120 }, (_, i) => 4000 + i),
  8192,
  65_536,
  1_000_000,
  4_190_000,
];

withGo("the mux beside Go's", () => {
  beforeAll(async () => void (await nriPrograms.path('mux')), BUILD_MS);

  let folder: TempFolder;
  let go: Program;
  let mux: Mux;
  let client: RawClient;
  let server: RawServer;

  beforeEach(async () => {
    folder = new TempFolder();
    const socket = folder.file('mux.sock');
    [go] = await Program.start('nri mux', await nriPrograms.path('mux'), ['-socket', socket]);
    const trunk = createConnection(socket);
    await once(trunk, 'connect');
    mux = new Mux(trunk);
    client = await connect(mux.open(PLUGIN_CONNECTION));
    server = await serve(mux.open(RUNTIME_CONNECTION), { 'test.Echo': { Echo: (bytes) => bytes } });
  });

  afterEach(async () => {
    client.close();
    await server.close();
    mux.destroy();
    await go.stop();
    folder.remove();
  });

  /** A google.protobuf.BytesValue with `length` bytes. */
  function bytesValue(length: number): Buffer {
    const header = [0x0a];
    for (let rest = length; ; rest >>>= 7) {
      header.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) break;
    }
    return Buffer.concat([Buffer.from(length === 0 ? [] : header), Buffer.alloc(length, 5)]);
  }

  it('sends messages of all sizes, one after another', async () => {
    for (const size of SIZES) {
      const message = bytesValue(size);
      expect(message.equals(await client.call('test.Echo', 'Echo', message))).toBe(true);
    }
  });

  it('sends many at once', async () => {
    // Go's client would fail by its own limit of unread frames if many large responses came in small pieces.
    const messages = Array.from({ length: 2000 }, (_, i) => bytesValue(i % 50 === 0 ? 5000 : i % 300));
    const answers = await Promise.all(messages.map((message) => client.call('test.Echo', 'Echo', message)));
    expect(answers.every((answer, i) => messages[i]?.equals(answer))).toBe(true);
  });

  it('serves what Go sends', async () => {
    for (const size of SIZES) expect(await go.command('echo', { Bytes: size })).toEqual({ bytes: size });
  });
});
