import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RequestEnvelope, requestPrefix } from '../../../../src/protocol/wire/request-envelope.js';
import { ResponseEnvelope } from '../../../../src/protocol/wire/response-envelope.js';
import { FrameReader } from '../../../../src/protocol/wire/frame-reader.js';
import { FrameWriter } from '../../../../src/protocol/wire/frame-writer.js';
import { bytesCodec } from '../../../../src/protocol/wire/message-codec.js';
import { TtrpcMetadata } from '../../../../src/protocol/core/metadata.js';
import { ProtobufReader } from '../../../../src/protocol/wire/protobuf-reader.js';
import { varintSize, writeVarint, writeVarint64 } from '../../../../src/protocol/wire/wire.js';
import { readRequest, readResponse } from '../../../conformance/wire/envelope.js';
import { encodeWritten, FrameCutter } from '../../../conformance/wire/frame.js';
import { encodeFields, encodeVarint, type Field } from '../../../conformance/wire/protobuf.js';
import { memoryWire, type Wire } from '../../../support/wire.js';
import { turn } from '../../../support/deferred.js';

/*
 * What we write an independent reader (that of the conformance suite) reads back, and what an independent writer writes
 * in any of its forms we read.
 */

const bytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((each) => Buffer.from(each));
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).map((each) => each.toLowerCase());
const metadata = fc.array(fc.tuple(key, text), { maxLength: 6 });
const id = fc.integer({ min: 0, max: 0xffff_ffff });
/** Payloads around the sizes at which lengths grow by a byte and large messages go another way. */
const payload = fc.oneof(
  bytes(40),
  fc.constantFrom(127, 128, 16_000, 16_383, 16_384, 16_385, 70_000).map((length) => Buffer.alloc(length, 0x5a)),
);
const status = fc.record({
  code: fc.integer({ min: 1, max: 16 }),
  message: text,
  details: fc.array(fc.record({ typeUrl: text, value: bytes(20) }), { maxLength: 3 }),
});

const written = fc.oneof(
  fc.record({
    kind: fc.constant('request' as const),
    id,
    service: text,
    method: text,
    payload,
    timeout: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    metadata,
  }),
  fc.record({ kind: fc.constant('stream' as const), id, service: text, method: text, metadata }),
  fc.record({ kind: fc.constant('answer' as const), id, payload }),
  fc.record({ kind: fc.constant('status' as const), id, status }),
  fc.record({ kind: fc.constant('data' as const), id, payload }),
  fc.record({ kind: fc.constant('close' as const), id }),
);
type Spec = typeof written extends fc.Arbitrary<infer T> ? T : never;

function write(writer: FrameWriter, spec: Spec): void {
  if (spec.kind === 'request') {
    const prefix = requestPrefix(spec.service, spec.method);
    writer.writeRequest(spec.id, 0, prefix, bytesCodec, spec.payload, spec.timeout, new TtrpcMetadata(spec.metadata));
  } else if (spec.kind === 'stream') {
    writer.writeStreamRequest(spec.id, requestPrefix(spec.service, spec.method), 0, new TtrpcMetadata(spec.metadata));
  } else if (spec.kind === 'answer') writer.writeResponse(spec.id, bytesCodec, spec.payload);
  else if (spec.kind === 'status') writer.writeStatus(spec.id, spec.status);
  else if (spec.kind === 'data') writer.writeData(spec.id, bytesCodec, spec.payload);
  else writer.writeClose(spec.id);
}

/** Pairs as they travel: those of one key stand together, in the order of their first. */
function grouped(pairs: [string, string][]): [string, string][] {
  return [...new Map(pairs.map(([name]) => [name, pairs.filter(([other]) => other === name)])).values()].flat();
}

/** What the independent reader must find. */
function expected(spec: Spec): object {
  const { id } = spec;
  const some = (payload: Buffer): Buffer | undefined => (payload.length === 0 ? undefined : payload);
  if (spec.kind === 'request' || spec.kind === 'stream') {
    const { service, method } = spec;
    const timeoutNano = spec.kind === 'request' && spec.timeout > 0 ? BigInt(spec.timeout) : undefined;
    const payload = spec.kind === 'request' ? some(spec.payload) : undefined;
    return {
      id,
      type: 1,
      flags: spec.kind === 'request' ? 0 : 6,
      service,
      method,
      payload,
      timeoutNano,
      metadata: grouped(spec.metadata),
    };
  }
  if (spec.kind === 'answer') return { id, type: 2, flags: 0, status: undefined, payload: some(spec.payload) };
  if (spec.kind === 'status') return { id, type: 2, flags: 0, status: spec.status, payload: undefined };
  if (spec.kind === 'data') return { id, type: 3, flags: 0, data: spec.payload };
  return { id, type: 3, flags: 5, data: Buffer.alloc(0) };
}

/** The same with texts instead of Buffers, which take long to compare. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}

async function sent(wire: Wire): Promise<object[]> {
  await turn();
  return new FrameCutter().push(Buffer.concat(wire.written)).map(({ data, ...head }) => {
    if (head.type === 1) return { ...head, ...readRequest(data) };
    return head.type === 2 ? { ...head, ...readResponse(data) } : { ...head, data };
  });
}

describe('what is written', () => {
  it('is read back by an independent reader', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(written, { maxLength: 8 }), async (specs) => {
        const wire = memoryWire(false);
        const writer = new FrameWriter(wire.duplex, 4 * 1024 * 1024);
        for (const spec of specs) write(writer, spec);
        expect(plain(await sent(wire))).toEqual(plain(specs.map(expected)));
      }),
      { numRuns: 200 },
    );
  });

  it('is read back by our own reader, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(written, { maxLength: 4 }), fc.integer({ min: 1, max: 50 }), async (specs, size) => {
        const wire = memoryWire(false);
        const writer = new FrameWriter(wire.duplex, 4 * 1024 * 1024);
        for (const spec of specs) write(writer, spec);
        await turn();
        const all = Buffer.concat(wire.written);
        const ours: object[] = [];
        const reader = new FrameReader(
          {
            onFrame: (id, type, flags, buf, start, end) =>
              ours.push({ id, type, flags, data: Buffer.from(buf.subarray(start, end)) }),
            onOversizedFrame: () => expect('oversized').toBe('never'),
          },
          4 * 1024 * 1024,
        );
        for (let at = 0; at < all.length; at += size) reader.push(all.subarray(at, at + size));
        expect(plain(ours)).toEqual(plain(new FrameCutter().push(all)));
        expect(reader.midFrame).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

/** Fields that nobody knows. */
const unknown: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ field: fc.integer({ min: 6, max: 0x1fff_ffff }), varint: fc.bigInt(0n, (1n << 64n) - 1n).map(String) }),
  fc.record({
    field: fc.integer({ min: 6, max: 100 }),
    bytes: bytes(10).map((each) => ({ hex: each.toString('hex') })),
  }),
  fc.record({ field: fc.integer({ min: 6, max: 100 }), fixed32: fc.nat().map(String) }),
  fc.record({ field: fc.integer({ min: 6, max: 100 }), fixed64: fc.nat().map(String) }),
);

function bytesField(field: number, value: Buffer): Field {
  return { field, bytes: { hex: value.toString('hex') } };
}

const textOf = (field: number, value: string): Field => bytesField(field, Buffer.from(value));

describe('what is read', () => {
  it('is a request, whatever the order of its fields and whatever stands between them', () => {
    const envelope = new RequestEnvelope();
    fc.assert(
      fc.property(
        fc.record({
          service: text,
          method: text,
          payload: bytes(50),
          timeout: fc.bigInt(-(1n << 53n), 1n << 53n),
          metadata,
        }),
        fc.array(unknown, { maxLength: 4 }),
        fc.infiniteStream(fc.nat(1000)),
        (request, more, random) => {
          const single: Field[] = [
            textOf(1, request.service),
            textOf(2, request.method),
            bytesField(3, request.payload),
            { field: 4, varint: String(request.timeout) },
          ];
          // Pairs keep their order; all else goes anywhere.
          const fields: Field[] = request.metadata.map(([name, value]) => ({
            field: 5,
            bytes: { message: [textOf(1, name), textOf(2, value)] },
          }));
          for (const each of [...single, ...more])
            fields.splice((random.next().value ?? 0) % (fields.length + 1), 0, each);
          const buf = Buffer.concat([Buffer.from('before'), encodeFields(fields), Buffer.from('behind')]);
          envelope.parse(buf, 6, buf.length - 6);
          expect({
            service: envelope.serviceIn(buf),
            method: envelope.methodIn(buf),
            payload: Buffer.from(buf.subarray(envelope.payloadStart, envelope.payloadEnd)),
            timeout: BigInt(envelope.timeoutNano),
            metadata: [...(envelope.metadata?.entries() ?? [])],
          }).toEqual({ ...request, metadata: grouped(request.metadata) });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is an answer, whatever the order of its fields and whatever stands between them', () => {
    const envelope = new ResponseEnvelope();
    fc.assert(
      fc.property(
        fc.option(status, { nil: undefined }),
        bytes(50),
        fc.array(unknown, { maxLength: 4 }),
        fc.boolean(),
        (status, payload, more, first) => {
          const inner = status && [
            { field: 1, varint: String(status.code) },
            textOf(2, status.message),
            ...status.details.map(({ typeUrl, value }): Field => ({
              field: 3,
              bytes: { message: [textOf(1, typeUrl), bytesField(2, value)] },
            })),
          ];
          const known: Field[] = [bytesField(2, payload), ...(inner ? [{ field: 1, bytes: { message: inner } }] : [])];
          const buf = encodeFields(first ? [...known, ...more] : [...more, ...known.reverse()]);
          envelope.parse(buf, 0, buf.length);
          expect(Buffer.from(buf.subarray(envelope.payloadStart, envelope.payloadEnd))).toEqual(payload);
          const found = envelope.status && {
            ...envelope.status,
            details: (envelope.status.details ?? []).map(({ typeUrl, value }) => ({
              typeUrl,
              value: Buffer.from(value),
            })),
          };
          expect(found).toEqual(status);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is refused with an error, or leaves everything inside of what was given, whatever it is', () => {
    const request = new RequestEnvelope(1000);
    const response = new ResponseEnvelope();
    fc.assert(
      fc.property(bytes(60), (data) => {
        const buf = Buffer.concat([Buffer.from('before'), data, Buffer.from('behind')]);
        for (const envelope of [request, response]) {
          try {
            envelope.parse(buf, 6, 6 + data.length);
          } catch (error) {
            expect((error as Error).message).toMatch(/./);
            continue;
          }
          const { payloadStart, payloadEnd } = envelope;
          expect(6 <= payloadStart && payloadStart <= payloadEnd && payloadEnd <= 6 + data.length).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('varints', () => {
  const u64 = fc.bigInt(0n, (1n << 64n) - 1n);

  it('of 64 bits are read, also those that are longer than they need to be', () => {
    const reader = new ProtobufReader();
    fc.assert(
      fc.property(u64, fc.nat(9), (value, longer) => {
        const short = encodeVarint(value);
        const zeros = Math.min(longer, 10 - short.length);
        const long = Buffer.from(short);
        // Each byte but the last has its highest bit set.
        if (zeros > 0) long[long.length - 1] = (long[long.length - 1] ?? 0) | 0x80;
        const padding = Buffer.from(Array.from({ length: zeros }, (_, i) => (i === zeros - 1 ? 0 : 0x80)));
        const buf = Buffer.concat([long, padding]);
        reader.begin(buf, 0, buf.length, 0, 1, undefined);
        reader.varint64();
        expect((BigInt(reader.high) << 32n) | BigInt(reader.low)).toBe(value);
        expect(reader.pos).toBe(buf.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('are written as an independent writer writes them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
        (small, large) => {
          const buf = Buffer.alloc(10);
          const end = writeVarint(buf, 0, small);
          expect(buf.subarray(0, end)).toEqual(encodeVarint(BigInt(small)));
          expect(end).toBe(varintSize(small));
          expect(buf.subarray(0, writeVarint64(buf, 0, large))).toEqual(encodeVarint(BigInt(large)));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

it('frames that an independent writer writes are read', () => {
  const frame = fc.record({ id, type: fc.nat(255), flags: fc.nat(255), data: bytes(100) });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 10 }), (frames) => {
      const read: object[] = [];
      const reader = new FrameReader(
        {
          onFrame: (id, type, flags, buf, start, end) =>
            read.push({ id, type, flags, data: Buffer.from(buf.subarray(start, end)) }),
          onOversizedFrame: (id, _type, _flags, length) => read.push({ id, length }),
        },
        64,
      );
      for (const { data, ...head } of frames)
        reader.push(encodeWritten({ ...head, data: { hex: data.toString('hex') } }));
      expect(read).toEqual(
        frames.map((each) => (each.data.length > 64 ? { id: each.id, length: each.data.length } : each)),
      );
    }),
    { numRuns: 300 },
  );
});
