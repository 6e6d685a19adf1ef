import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Duplex } from 'node:stream';
import { FrameReader } from '../../../../src/protocol/wire/frame-reader.js';
import { retain } from '../../../../src/protocol/wire/retain.js';
import { FrameWriter } from '../../../../src/protocol/wire/frame-writer.js';
import { FrameFlag, FrameType, HEADER_BYTES } from '../../../../src/protocol/wire/frame.js';
import { bytesCodec, type MessageCodec } from '../../../../src/protocol/wire/message-codec.js';
import { RequestEnvelope, requestPrefix } from '../../../../src/protocol/wire/request-envelope.js';
import { ResponseEnvelope } from '../../../../src/protocol/wire/response-envelope.js';
import { TtrpcMetadata } from '../../../../src/protocol/core/metadata.js';
import { TtrpcStatus } from '../../../../src/protocol/core/status.js';
import { frameBytes as encodeFrame } from '../../../support/frame-bytes.js';
import { turn } from '../../../support/deferred.js';

interface Frame {
  streamId: number;
  type: number;
  flags: number;
  data: Buffer;
}

/** Collects what a reader finds; oversized frames with the length alone. */
class Collector {
  readonly frames: Frame[] = [];
  readonly oversized: { streamId: number; length: number }[] = [];
  onFrame(streamId: number, type: number, flags: number, buf: Uint8Array, start: number, end: number): void {
    this.frames.push({ streamId, type, flags, data: Buffer.from(buf.subarray(start, end)) });
  }
  onOversizedFrame(streamId: number, _type: number, _flags: number, length: number): void {
    this.oversized.push({ streamId, length });
  }
}

function frameBytes({ streamId, ...frame }: Frame): Buffer {
  return encodeFrame({ id: streamId, ...frame });
}

const anyFrame = fc.record({
  streamId: fc.integer({ min: 0, max: 0xffff_ffff }),
  type: fc.integer({ min: 0, max: 255 }),
  flags: fc.integer({ min: 0, max: 255 }),
  data: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
});

describe('FrameReader', () => {
  it('finds the same frames however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.array(fc.nat(60), { maxLength: 60 }), (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(frameBytes));
        const collector = new Collector();
        const reader = new FrameReader(collector, 200);
        let at = 0;
        for (const cut of cuts) {
          reader.push(bytes.subarray(at, at + cut));
          at += Math.min(cut, bytes.length - at);
        }
        reader.push(bytes.subarray(at));
        expect(reader.midFrame).toBe(false);
        expect(collector.frames).toEqual(frames.filter(({ data }) => data.length <= 200));
        expect(collector.oversized).toEqual(
          frames
            .filter(({ data }) => data.length > 200)
            .map(({ streamId, data }) => ({ streamId, length: data.length })),
        );
      }),
    );
  });

  it('makes a buffer for a frame only as its bytes come, and of its size in the end', () => {
    const length = 4 * 1024 * 1024;
    const collector = new Collector();
    const bytes = frameBytes({ streamId: 1, type: 1, flags: 0, data: Buffer.alloc(length, 'abcdefg') });
    const made: number[] = [];
    const allocate = jest.spyOn(Buffer, 'allocUnsafeSlow');
    allocate.mockImplementation((size) => {
      made.push(size);
      return Buffer.alloc(size);
    });
    try {
      const reader = new FrameReader(collector, length);
      reader.push(bytes.subarray(0, HEADER_BYTES));
      expect(reader.midFrame).toBe(true);
      expect(made).toEqual([]);
      reader.push(bytes.subarray(HEADER_BYTES, 11));
      expect(made).toEqual([4096]);
      for (let at = 11; at < bytes.length; at += 64 * 1024) {
        reader.push(bytes.subarray(at, at + 64 * 1024));
        expect(made.at(-1)).toBeLessThanOrEqual(8 * Math.min(at + 64 * 1024, bytes.length));
      }
      expect(made.at(-1)).toBe(length);
      expect(made.length).toBeLessThan(6);
      expect(reader.midFrame).toBe(false);
      expect(collector.frames[0]?.data.equals(bytes.subarray(HEADER_BYTES))).toBe(true);
    } finally {
      allocate.mockRestore();
    }
  });

  it('hands on nothing after it was stopped, also of the chunk that it is in', () => {
    const frame = frameBytes({ streamId: 1, type: 3, flags: 0, data: Buffer.from('x') });
    const collector = new Collector();
    const reader = new FrameReader(
      {
        onFrame: (...args) => {
          collector.onFrame(...args);
          reader.stop();
        },
        onOversizedFrame: () => undefined,
      },
      100,
    );
    reader.push(Buffer.concat([frame, frame]));
    expect(collector.frames).toHaveLength(1);
  });
});

describe('retain', () => {
  it('copies what would keep more than twice its memory alive and keeps views of the rest', () => {
    const chunk = new Uint8Array(64 * 1024);
    expect(retain(chunk, 10, 20).buffer.byteLength).toBe(10);
    expect(retain(chunk, 1, 32 * 1024).buffer.byteLength).toBe(32 * 1024 - 1);
    expect(retain(chunk, 0, 32 * 1024).buffer).toBe(chunk.buffer);
    expect(retain(chunk.subarray(0, 8 * 1024), 0, 4096).buffer.byteLength).toBe(4096);
  });
});

/** A Duplex that collects what is written. */
function sink(): { duplex: Duplex; written: () => Buffer; writes: () => number } {
  const chunks: Buffer[] = [];
  let writes = 0;
  const duplex = new Duplex({
    read() {
      // Nothing comes.
    },
    write(chunk: Buffer, _encoding, done) {
      writes++;
      chunks.push(Buffer.from(chunk));
      done();
    },
    writev(all, done) {
      writes++;
      for (const { chunk } of all) chunks.push(Buffer.from(chunk as Buffer));
      done();
    },
  });
  return { duplex, written: () => Buffer.concat(chunks), writes: () => writes };
}

function parse(bytes: Buffer): Frame[] {
  const collector = new Collector();
  new FrameReader(collector, 1 << 30).push(bytes);
  return collector.frames;
}

describe('FrameWriter', () => {
  it('writes what a reader and the envelope give back, of all sizes and in one write for each turn', async () => {
    const { duplex, written, writes } = sink();
    const writer = new FrameWriter(duplex, 4 << 20);
    const sizes = [
      0, 1, 126, 127, 128, 129, 16_381, 16_382, 16_383, 16_384, 16_385, 100, 70_000, 5, 2_097_151, 2_097_152,
    ];
    for (const [i, size] of sizes.entries()) writer.writeResponse(2 * i + 1, bytesCodec, Buffer.alloc(size, i));
    for (const [i, size] of sizes.entries()) writer.writeData(2 * i + 1, bytesCodec, Buffer.alloc(size, i));
    await turn();
    const frames = parse(written());
    expect(frames).toHaveLength(2 * sizes.length);
    const response = new ResponseEnvelope();
    for (const [i, size] of sizes.entries()) {
      const { data, ...header } = frames[i] as Frame;
      expect(header).toEqual({ streamId: 2 * i + 1, type: FrameType.Response, flags: 0 });
      response.parse(data, 0, data.length);
      const expected = Buffer.alloc(size, i);
      // Not toEqual: it takes minutes to compare megabytes.
      expect(expected.equals(data.subarray(response.payloadStart, response.payloadEnd))).toBe(true);
      const { data: streamed, ...dataHeader } = frames[i + sizes.length] as Frame;
      expect(dataHeader).toEqual({ streamId: 2 * i + 1, type: FrameType.Data, flags: 0 });
      expect(expected.equals(streamed)).toBe(true);
    }
    const small = sink();
    const batching = new FrameWriter(small.duplex, 4 << 20);
    for (let i = 0; i < 100; i++) batching.writeData(1, bytesCodec, Buffer.from('hello'));
    expect(small.writes()).toBe(0);
    await turn();
    expect(small.writes()).toBe(1);
    expect(writes()).toBeGreaterThan(0);
  });

  it('rolls a frame back that does not encode or is too long, and goes on', async () => {
    const { duplex, written } = sink();
    const writer = new FrameWriter(duplex, 100_000);
    const failing: MessageCodec<number> = {
      typeName: 'failing',
      encode: () => new Uint8Array(0),
      decode: () => 0,
      encodeInto: (bytes, out) => {
        out.append(Buffer.alloc(bytes, 0xff));
        throw new Error('does not encode');
      },
    };
    writer.writeData(1, bytesCodec, Buffer.from('before'));
    for (const bytes of [10, 30_000]) expect(() => writer.writeData(3, failing, bytes)).toThrow('does not encode');
    for (const size of [100_001, 200_000]) {
      expect(() => writer.writeData(5, bytesCodec, Buffer.alloc(size))).toThrow(
        `message length ${size} exceeds the maximum of 100000 bytes`,
      );
    }
    expect(() => writer.writeResponse(7, bytesCodec, Buffer.alloc(99_999))).toThrow(/exceeds the maximum/);
    writer.writeResponse(9, bytesCodec, Buffer.alloc(30_000, 1));
    writer.writeData(1, bytesCodec, Buffer.from('after'));
    await turn();
    expect(parse(written()).map(({ streamId, data }) => [streamId, data.length])).toEqual([
      [1, 6],
      [9, 30_004],
      [1, 5],
    ]);
  });

  it.each([1, 4, 20, 57, 58, 59, 1000])('ends a call with its code, however low the limit: %i bytes', async (limit) => {
    const { duplex, written } = sink();
    const writer = new FrameWriter(duplex, limit);
    writer.writeStatus(1, { code: TtrpcStatus.NOT_FOUND, message: 'x'.repeat(1000) });
    writer.writeStatus(3, { code: TtrpcStatus.ABORTED, message: '' });
    await turn();
    const frames = parse(written());
    const statuses = frames.map(({ streamId, data }) => {
      const envelope = new ResponseEnvelope();
      envelope.parse(data, 0, data.length);
      return [streamId, envelope.status?.code];
    });
    expect(statuses).toEqual([
      [1, TtrpcStatus.NOT_FOUND],
      [3, TtrpcStatus.ABORTED],
    ]);
    for (const { data } of frames) expect(data.length).toBeLessThanOrEqual(Math.max(4, limit));
  });

  it('adopts the buffer of a codec that has grown it', async () => {
    const { duplex, written } = sink();
    const writer = new FrameWriter(duplex, 4 << 20);
    const growing: MessageCodec<Uint8Array> = {
      ...bytesCodec,
      encodeInto: (value, out) => {
        // As protobufjs's Writer does it: a larger buffer with the same beginning.
        if (out.pos + value.length > out.buf.length) {
          const grown = new Uint8Array(2 * (out.pos + value.length));
          grown.set(out.buf.subarray(0, out.pos));
          out.buf = grown;
        }
        out.buf.set(value, out.pos);
        out.pos += value.length;
      },
    };
    const sent = [Buffer.alloc(40_000, 1), Buffer.alloc(90_000, 2), Buffer.alloc(10, 3), Buffer.alloc(200_000, 4)];
    for (const message of sent) writer.writeData(1, growing, message);
    await turn();
    expect(Buffer.concat(parse(written()).map(({ data }) => data)).equals(Buffer.concat(sent))).toBe(true);
  });

  it('takes no memory of its own for the head of a large message behind one of that size', async () => {
    const chunks: Uint8Array[] = [];
    const duplex = new Duplex({
      read() {
        // Nothing comes.
      },
      writev(all, done) {
        for (const { chunk } of all) chunks.push(chunk as Buffer);
        done();
      },
    });
    const writer = new FrameWriter(duplex, 4 << 20);
    const large = [Buffer.alloc(300_000, 1), Buffer.alloc(200_000, 2), Buffer.alloc(100, 3), Buffer.alloc(400_000, 4)];
    for (const [i, message] of large.entries()) {
      writer.writeResponse(2 * i + 1, bytesCodec, message);
      writer.flush();
    }
    await turn();
    const heads = chunks.filter(({ length }) => length < 100_000).map(({ buffer }) => buffer.byteLength);
    const bodies = parse(Buffer.concat(chunks)).map(({ data }) => {
      const envelope = new ResponseEnvelope();
      envelope.parse(data, 0, data.length);
      return data.subarray(envelope.payloadStart, envelope.payloadEnd);
    });
    expect(bodies.map((body, i) => body.equals(large[i] as Buffer))).toEqual([true, true, true, true]);
    // The first length needs more bytes than were kept for it; the second does not.
    expect(heads[1]).toBe(64 * 1024);
  });

  it('refuses a message that sends another one while it is encoded', () => {
    const writer = new FrameWriter(sink().duplex, 1000);
    const nested: MessageCodec<null> = {
      typeName: 'nested',
      encode: () => new Uint8Array(0),
      decode: () => null,
      encodeInto: () => writer.writeData(1, bytesCodec, Buffer.from('inner')),
    };
    expect(() => writer.writeData(1, nested, null)).toThrow(/while another one was being encoded/);
    expect(() => writer.writeData(1, bytesCodec, Buffer.from('fine'))).not.toThrow();
  });

  it('is not writable while a slow Duplex has much to take', async () => {
    const taken: (() => void)[] = [];
    const slow = new Duplex({
      read() {
        // Nothing comes.
      },
      write: (_chunk, _encoding, done) => taken.push(done),
    });
    const writer = new FrameWriter(slow, 1 << 20);
    for (let i = 0; i < 8; i++) writer.writeData(1, bytesCodec, Buffer.alloc(15_000));
    await turn();
    expect(writer.writable).toBe(false);
    expect(writer.unsentBytes).toBe(8 * 15_010);
    const drained = new Promise((resolve) => slow.once('drain', resolve));
    while (slow.writableLength > 0) {
      taken.shift()?.();
      await turn();
    }
    await drained;
    expect(writer.writable).toBe(true);
  });

  it('has the wire format of the protocol, byte by byte', async () => {
    const { duplex, written } = sink();
    const writer = new FrameWriter(duplex, 4 << 20);
    const prefix = requestPrefix('a.B', 'C');
    const metadata = new TtrpcMetadata({ K: ['1', '2'] });
    writer.writeRequest(1, 0, prefix, bytesCodec, Buffer.from('pp'), 300, metadata);
    writer.writeStreamRequest(3, prefix, 0, undefined);
    writer.writeStatus(5, {
      code: TtrpcStatus.NOT_FOUND,
      message: 'no',
      details: [{ typeUrl: 't', value: Buffer.from('v') }],
    });
    writer.writeClose(7);
    writer.writeResponse(9, bytesCodec, new Uint8Array(0));
    await turn();
    const hex = (text: string): string => text.replaceAll(' ', '');
    expect(written().toString('hex')).toBe(
      hex(
        '0000001f 00000001 01 00 0a03612e42 120143 1a027070 20ac02 2a06 0a016b 120131 2a06 0a016b 120132' +
          '00000008 00000003 01 06 0a03612e42 120143' +
          '00000010 00000005 02 00 0a0e 0805 12026e6f 1a06 0a0174 120176' +
          '00000000 00000007 03 05' +
          '00000000 00000009 02 00',
      ),
    );
    const request = new RequestEnvelope();
    const [first] = parse(written()) as [Frame];
    request.parse(first.data, 0, first.data.length);
    expect(request.serviceIn(first.data)).toBe('a.B');
    expect(request.methodIn(first.data)).toBe('C');
    expect(request.timeoutNano).toBe(300);
    expect(request.metadata?.getAll('k')).toEqual(['1', '2']);
    expect(FrameFlag.RemoteOpen | FrameFlag.NoData).toBe(6);
  });
});
