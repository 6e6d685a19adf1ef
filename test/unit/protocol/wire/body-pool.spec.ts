import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { connect, implement, serve, type RawClient, type RawServer } from 'nestjs-ttrpc/protocol';
import { loadServices } from 'nestjs-ttrpc/schema';
import { returnBody, takeBody } from '../../../../src/protocol/wire/body-pool.js';
import { FrameReader } from '../../../../src/protocol/wire/frame-reader.js';
import { bytesCodec, decodeMessage, type MessageCodec } from '../../../../src/protocol/wire/message-codec.js';
import { TempFolder } from '../../../support/temp-folder.js';
import { frameBytes } from '../../../support/frame-bytes.js';

const PROTO = `
syntax = "proto3";
package pool.v1;
import "google/protobuf/any.proto";
service Pool {
  rpc Echo(Doc) returns (Doc);
  rpc Collect(stream Doc) returns (Doc);
  rpc Repeat(Doc) returns (stream Doc);
}
message Doc {
  string title = 1;
  repeated string lines = 2;
  repeated fixed64 numbers = 3;
  bytes body = 4;
  repeated bytes parts = 5;
  map<string, bytes> named = 6;
  Doc inner = 7;
  google.protobuf.Any any = 8;
  google.protobuf.Any other = 10;
  uint32 times = 9;
}
`;

interface Doc {
  title?: string;
  lines?: string[];
  body?: Uint8Array;
  parts?: Uint8Array[];
  named?: Record<string, Uint8Array>;
  inner?: Doc;
  times?: number;
}

interface PoolClient {
  echo(doc: Doc): Promise<Doc>;
  collect(docs: AsyncIterable<Doc> | Iterable<Doc>): Promise<Doc>;
  repeat(doc: Doc): AsyncIterableIterator<Doc, undefined>;
}

let folder: TempFolder;
beforeEach(() => {
  folder = new TempFolder();
});
afterEach(() => folder.remove());

/** Reads frames of data in two pieces, so that each has a buffer of its own; gives the memory that each stood in. */
function memoryOf(frames: Buffer[], onData: (buf: Uint8Array, start: number, end: number) => void): ArrayBufferLike[] {
  const memory: ArrayBufferLike[] = [];
  const reader = new FrameReader(
    {
      onFrame: (_id, _type, _flags, buf, start, end) => {
        memory.push(buf.buffer);
        onData(buf, start, end);
      },
      onOversizedFrame: () => undefined,
    },
    4 << 20,
    undefined,
    undefined,
    true,
  );
  for (const data of frames) {
    const bytes = frameBytes({ id: 1, type: 3, data });
    reader.push(bytes.subarray(0, data.length));
    reader.push(bytes.subarray(data.length));
  }
  return memory;
}

/** Frames of one size, each full of a byte of its own. */
const frames = (count: number, bytes: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => Buffer.alloc(bytes, i + 1));

describe('the memory of a frame', () => {
  it('is used again when nothing of it was kept', () => {
    const memory = memoryOf(frames(5, 50_000), () => undefined);
    expect(new Set(memory).size).toBe(1);
  });

  it('is not used again when bytes were kept', () => {
    const kept: Uint8Array[] = [];
    const memory = memoryOf(frames(5, 50_001), (buf, start, end) => {
      kept.push(decodeMessage(bytesCodec, buf, start, end));
    });
    expect(new Set(memory).size).toBe(5);
    for (const [i, bytes] of kept.entries()) expect(bytes.every((byte) => byte === i + 1)).toBe(true);
  });

  it('is used again when the bytes that were kept are a copy', () => {
    const kept: Uint8Array[] = [];
    const memory = memoryOf(frames(5, 50_002), (buf, start) => {
      kept.push(decodeMessage(bytesCodec, buf, start, start + 1000));
    });
    expect(new Set(memory).size).toBe(1);
    for (const [i, bytes] of kept.entries()) expect(bytes.every((byte) => byte === i + 1)).toBe(true);
  });

  it.each(['decode', 'decodeFrom'] as const)('is not used again behind the %s of a codec that is not ours', (by) => {
    // As generated code does: a view, and nobody is told.
    const view = (bytes: Uint8Array, start: number, end: number): Uint8Array => bytes.subarray(start, end);
    const codec: MessageCodec<Uint8Array> = {
      typeName: 'view',
      encode: (bytes) => bytes,
      decode: (bytes) => bytes,
      ...(by === 'decodeFrom' ? { decodeFrom: view } : {}),
    };
    const kept: Uint8Array[] = [];
    memoryOf(frames(5, 50_003), (buf, start, end) => kept.push(decodeMessage(codec, buf, start, end)));
    for (const [i, bytes] of kept.entries()) expect(bytes.every((byte) => byte === i + 1)).toBe(true);
  });

  it('is not used again when another frame was passed on within', () => {
    let outer = 0;
    const memory = memoryOf(frames(3, 50_004), (buf) => {
      const inner = memoryOf(frames(2, 50_004), () => undefined);
      expect(inner).not.toContain(buf.buffer);
      expect(new Uint8Array(buf.buffer)[0]).toBe(++outer);
    });
    // What the frames within have done says nothing of these.
    expect(outer).toBe(3);
    expect(new Set(memory).size).toBeGreaterThan(1);
  });

  it('ends with its frame, also where it is larger', () => {
    memoryOf(frames(1, 60_000), () => undefined);
    const reader = new FrameReader({ onFrame: () => undefined, onOversizedFrame: () => undefined }, 4 << 20);
    const bytes = frameBytes({ id: 1, type: 3, data: Buffer.alloc(50_000) });
    reader.push(bytes.subarray(0, 20_000));
    expect(reader.space()?.length).toBe(50_010 - 20_000);
  });

  it('of a sink that keeps by other means is not used again', () => {
    const kept: Uint8Array[] = [];
    const reader = new FrameReader(
      { onFrame: (_id, _type, _flags, buf) => void kept.push(buf), onOversizedFrame: () => undefined },
      4 << 20,
    );
    for (const data of frames(3, 50_005)) {
      const bytes = frameBytes({ id: 1, type: 3, data });
      reader.push(bytes.subarray(0, 40_000));
      reader.push(bytes.subarray(40_000));
    }
    for (const [i, bytes] of kept.entries()) expect(bytes.every((byte) => byte === i + 1)).toBe(true);
  });
});

describe('the pool of bodies', () => {
  it('keeps no more than 1 MiB, and gives no more than a quarter too much', () => {
    const given = Array.from({ length: 20 }, () => Buffer.allocUnsafeSlow(200_000));
    for (const body of given) returnBody(body);
    const taken = Array.from({ length: 20 }, () => takeBody(200_000));
    expect(given.filter((body) => taken.includes(body)).length).toBe(5);
    returnBody(Buffer.allocUnsafeSlow(200_000));
    expect(takeBody(150_000).length).toBe(150_000);
    expect(takeBody(160_000).length).toBe(200_000);
  });

  it('keeps no memory of a large message', () => {
    const large = Buffer.allocUnsafeSlow(2 << 20);
    returnBody(large);
    expect(takeBody(2 << 20)).not.toBe(large);
    // Node 22 and later free it at once.
    if ('transfer' in ArrayBuffer.prototype) expect(large.length).toBe(0);
  });
});

describe('messages that are kept while others come', () => {
  let server: RawServer;
  let client: RawClient;
  let pool: PoolClient;
  const requests: Doc[] = [];

  beforeEach(async () => {
    requests.length = 0;
    const file = folder.file('pool.proto');
    writeFileSync(file, PROTO);
    const service = loadServices({ protoPath: file }).get('pool.v1.Pool');
    const handlers = {
      echo(doc: Doc): Doc {
        requests.push(doc);
        return doc;
      },
      async collect(docs: AsyncIterable<Doc>): Promise<Doc> {
        let times = 0;
        for await (const doc of docs) {
          requests.push(doc);
          times++;
        }
        return { times };
      },
      *repeat(doc: Doc): Iterable<Doc> {
        requests.push(doc);
        for (let i = 0; i < (doc.times ?? 0); i++) yield doc;
      },
    };
    const url = `unix://${folder.file('s.sock')}`;
    server = await serve(url, [implement(service, handlers)]);
    client = await connect(url);
    pool = client.service(service) as unknown as PoolClient;
  });

  afterEach(async () => {
    client.close();
    await server.close();
  });

  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.integer({ min: 1000, max: 90_000 }).map((length) => 'text é '.repeat(length / 7)),
  );
  const bytes = fc.oneof(fc.nat(40), fc.integer({ min: 3000, max: 300_000 })).map((length) => {
    const made = Buffer.alloc(length);
    for (let i = 0; i < length; i++) made[i] = (length + i) % 251;
    return made;
  });
  const flat = {
    title: text,
    lines: fc.array(text, { maxLength: 4 }),
    numbers: fc.array(fc.nat(1_000_000), { maxLength: 50 }),
    body: bytes,
    parts: fc.array(bytes, { maxLength: 3 }),
    named: fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), bytes, { maxKeys: 2 }),
    any: fc.record({ type_url: fc.constant('type.googleapis.com/unknown.T'), value: bytes }),
    other: fc.record({ type_url: fc.constant('type.googleapis.com/unknown.U'), value: bytes }),
  };
  const doc = fc.record({ ...flat, inner: fc.record(flat, { requiredKeys: [] }) }, { requiredKeys: [] });

  /** As it may be compared with a message that has come back. */
  const plain = (value: unknown): string =>
    JSON.stringify(value, (_key, each: unknown) =>
      (each as { type?: string } | null)?.type === 'Buffer'
        ? Buffer.from((each as { data: number[] }).data).toString('base64')
        : typeof each === 'object' && each !== null && !Array.isArray(each)
          ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
          : each,
    );

  it('stay as they came: requests, responses and messages of streams', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(doc, { minLength: 2, maxLength: 6 }), async (docs) => {
        requests.length = 0;
        const replies = await Promise.all(docs.map((each) => pool.echo(each as Doc)));
        // The same size again with other content: it would be read into memory that was given back too early.
        const again = await Promise.all(
          docs.map((each) => pool.echo({ ...(each as Doc), title: 'x'.repeat((each.title ?? '').length) })),
        );
        const first = requests.splice(0);
        await pool.collect(docs as Doc[]);
        const streamed: Doc[] = [];
        for (const each of docs.slice(0, 2)) {
          for await (const reply of pool.repeat({ ...(each as Doc), times: 3 })) streamed.push(reply);
        }
        const sent = docs.map(plain);
        const echoed = (await Promise.all(docs.map((each) => pool.echo(each as Doc)))).map(plain);
        expect(replies.map(plain)).toEqual(echoed);
        expect(first.slice(0, docs.length).map(plain)).toEqual(echoed);
        expect(requests.slice(0, docs.length).map(plain)).toEqual(echoed);
        expect(again).toHaveLength(docs.length);
        expect(sent).toHaveLength(docs.length);
        for (const [i, reply] of streamed.entries()) {
          const source = echoed[Math.floor(i / 3)] as string;
          expect(plain({ ...reply, times: undefined })).toBe(plain({ ...JSON.parse(source), times: undefined }));
        }
      }),
      { numRuns: 8 },
    );
  });
});
