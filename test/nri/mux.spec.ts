import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { connect, serve, TtrpcError } from 'nestjs-ttrpc/protocol';
import { Mux, PLUGIN_CONNECTION, RUNTIME_CONNECTION } from '../../src/nri/mux.js';
import { OutgoingFrames } from '../../src/nri/outgoing-frames.js';

/** A ttrpc frame of `length` bytes in all. */
function frame(length: number, fill = 1): Buffer {
  const bytes = Buffer.alloc(length, fill);
  bytes.writeUInt32BE(length - 10, 0);
  return bytes;
}

function muxFrame(id: number, payload: Uint8Array, length = payload.length): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(id, 0);
  header.writeUInt32BE(length, 4);
  return Buffer.concat([header, payload]);
}

const sizes = (payloads: readonly Uint8Array[]): number[] => payloads.map(({ length }) => length);

describe('OutgoingFrames', () => {
  it('packs whole frames up to 4,096 bytes', () => {
    expect(sizes(new OutgoingFrames().take([frame(2000), frame(2000), frame(96), frame(10)]))).toEqual([4096, 10]);
    expect(sizes(new OutgoingFrames().take([frame(2048), frame(2048), frame(2048)]))).toEqual([4096, 2048]);
    expect(sizes(new OutgoingFrames().take([frame(3000), frame(3000)]))).toEqual([3000, 3000]);
  });

  it('sends a larger frame as its first 4,096 bytes and its rest, alone', () => {
    expect(sizes(new OutgoingFrames().take([frame(100), frame(100_000), frame(50)]))).toEqual([100, 4096, 95_904, 50]);
    expect(sizes(new OutgoingFrames().take([frame(4096)]))).toEqual([4096]);
    expect(sizes(new OutgoingFrames().take([frame(4097)]))).toEqual([4096, 1]);
  });

  it('waits for the rest of a frame, wherever it is cut', () => {
    const bytes = Buffer.concat([frame(30, 1), frame(5000, 2), frame(12, 3)]);
    for (const step of [1, 7, 10, 4096]) {
      const outgoing = new OutgoingFrames();
      const payloads: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += step) payloads.push(...outgoing.take([bytes.subarray(at, at + step)]));
      expect(Buffer.concat(payloads).equals(bytes)).toBe(true);
      for (const payload of payloads) expect(payload.length).toBeLessThanOrEqual(4096);
    }
  });
});

describe('Mux', () => {
  it('carries two ttrpc connections, one each way', async () => {
    const [left, right] = duplexPair();
    const plugin = new Mux(left);
    const runtime = new Mux(right);
    const echo = { Echo: (bytes: Uint8Array) => bytes };
    const servers = [
      await serve(plugin.open(PLUGIN_CONNECTION), { p: echo }),
      await serve(runtime.open(RUNTIME_CONNECTION), { r: echo }),
    ];
    const toPlugin = await connect(runtime.open(PLUGIN_CONNECTION));
    const toRuntime = await connect(plugin.open(RUNTIME_CONNECTION));
    const large = Buffer.alloc(3_000_000, 7);
    const answers = await Promise.all([
      toPlugin.call('p', 'Echo', large),
      toRuntime.call('r', 'Echo', large),
      ...Array.from({ length: 500 }, (_, i) => toRuntime.call('r', 'Echo', Buffer.from(String(i)))),
    ]);
    expect(large.equals(answers[0])).toBe(true);
    expect(large.equals(answers[1])).toBe(true);
    expect(Buffer.from(answers[501] as Uint8Array).toString()).toBe('499');

    toPlugin.close();
    toRuntime.close();
    await Promise.all(servers.map((server) => server.close()));
    expect(left.destroyed || left.writableEnded).toBe(true);
  });

  it('drops what is for ids that are not open', async () => {
    const [trunk, peer] = duplexPair();
    const connection = new Mux(trunk).open(1);
    peer.write(
      Buffer.concat([muxFrame(9, Buffer.from('lost')), muxFrame(1, Buffer.from('kept')), muxFrame(1, Buffer.alloc(0))]),
    );
    expect(String((await once(connection, 'data'))[0])).toBe('kept');
    connection.destroy();
  });

  it('takes frames cut anywhere', async () => {
    const [trunk, peer] = duplexPair();
    const connection = new Mux(trunk).open(2);
    let got = '';
    connection.on('data', (chunk: Buffer) => (got += chunk.toString()));
    const bytes = Buffer.concat(['one', 'two', 'three'].map((text) => muxFrame(2, Buffer.from(text))));
    for (const byte of bytes) peer.write(Buffer.of(byte));
    peer.end();
    await once(connection, 'end');
    expect(got).toBe('onetwothree');
    connection.destroy();
  });

  it('ends all when 256 frames are unread', async () => {
    const [trunk, peer] = duplexPair();
    const mux = new Mux(trunk);
    const unread = mux.open(1);
    const other = mux.open(2);
    other.on('error', () => undefined);
    const failed = once(unread, 'error');
    for (let i = 0; i < 400; i++) peer.write(muxFrame(1, Buffer.alloc(100)));
    expect(String((await failed)[0])).toMatch(/connection 1 of the mux is not read: 257 frames/);
    expect(trunk.destroyed && other.destroyed).toBe(true);
  });

  it('ends all at a frame that is too long', async () => {
    const [trunk, peer] = duplexPair();
    const connection = new Mux(trunk).open(1);
    const failed = once(connection, 'error');
    peer.write(muxFrame(1, Buffer.alloc(0), 4_194_315));
    expect(String((await failed)[0])).toContain('a mux frame for connection 1 has 4194315 bytes, the limit is 4194314');
  });

  it('ends a connection with an error when the trunk ends within a frame', async () => {
    const [trunk, peer] = duplexPair();
    const connection = new Mux(trunk).open(1);
    const failed = once(connection, 'error');
    peer.end(muxFrame(1, Buffer.from('part'), 10));
    expect(String((await failed)[0])).toContain('within a frame');
  });

  it('fails calls at once when the trunk goes away', async () => {
    const [trunk, peer] = duplexPair();
    const client = await connect(new Mux(trunk).open(RUNTIME_CONNECTION));
    const call = client.call('s', 'M', new Uint8Array());
    peer.destroy();
    trunk.destroy();
    await expect(call).rejects.toBeInstanceOf(TtrpcError);
    client.close();
  });

  it('refuses an id that is none', () => {
    const [trunk] = duplexPair();
    const mux = new Mux(trunk);
    expect(() => mux.open(0)).toThrow("a mux connection's id is an integer from 1 to 4294967295, got 0");
    mux.destroy();
  });
});
