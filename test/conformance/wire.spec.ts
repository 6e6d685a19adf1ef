import { describe, expect, test } from '@jest/globals';
import { toBytes, type Bytes } from './wire/bytes.js';
import { readRequest, readResponse } from './wire/envelope.js';
import { encodeWritten, FrameCutter, MAX_DATA_BYTES, type Written } from './wire/frame.js';
import { encodeVarint, readFields } from './wire/protobuf.js';

// The suite's own builder and parser, held to bytes that were written by hand: what they get wrong no case would find.

function hex(bytes: Bytes): string {
  return toBytes(bytes).toString('hex');
}

describe('bytes', () => {
  test.each<[Bytes, string]>([
    [{ hex: '00 ff\n1A' }, '00ff1a'],
    [{ text: 'ü' }, 'c3bc'],
    [{ fill: 7, length: 3 }, '070707'],
    [{ join: [{ hex: '01' }, { text: 'a' }] }, '0161'],
    [{ repeat: { hex: '0102' }, times: 3 }, '010201020102'],
    [{ repeat: { hex: '' }, times: 3 }, ''],
    [{ message: [{ field: 1, varint: '0' }] }, '0800'],
    [{ message: [{ field: 1, varint: '300' }] }, '08ac02'],
    [{ message: [{ field: 4, varint: '-1' }] }, '20ffffffffffffffffff01'],
    [{ message: [{ field: 16, bytes: { hex: 'aa' } }] }, '820101aa'],
    [{ message: [{ field: 1, bytes: { hex: 'aa' }, saysLength: 5 }] }, '0a05aa'],
    [{ message: [{ field: 1, fixed32: '1' }] }, '0d01000000'],
    [{ message: [{ field: 1, fixed64: '-2' }] }, '09feffffffffffffff'],
    [{ message: [{ field: 9, tagOnly: 3 }] }, '4b'],
    [
      { request: { service: 's', method: 'm', payload: { hex: '' }, timeoutNano: '1', metadata: [['k', 'v']] } },
      '0a0173 12016d 1a00 2001 2a060a016b120176',
    ],
    [{ request: {} }, ''],
    [
      {
        response: {
          status: { code: '5', message: 'm', details: [{ typeUrl: 't', value: { hex: '01' } }] },
          payload: { hex: 'ff' },
        },
      },
      '0a0d 0805 12016d 1a06 0a0174 120101 1201ff',
    ],
    [{ response: {} }, ''],
  ])('%j', (spec, expected) => {
    expect(hex(spec)).toBe(expected.replaceAll(' ', ''));
  });

  test.each(['0', 'xy', '001'])('"%s" is not hexadecimal', (digits) => {
    expect(() => toBytes({ hex: digits })).toThrow('not hexadecimal');
  });

  test.each([20, 150, 16_500, 2_097_300, MAX_DATA_BYTES])('an envelope of exactly %i bytes', (total) => {
    const bytes = toBytes({
      request: { service: 's', method: 'm', payloadUpTo: { field: 2, total, also: [{ field: 4, varint: '1' }] } },
    });
    expect(bytes.length).toBe(total);
    const payload = readRequest(bytes).payload ?? Buffer.alloc(0);
    expect(readFields(payload).map(({ field }) => field)).toEqual([2, 4]);
  });
});

describe('varints', () => {
  test.each<[bigint, string]>([
    [0n, '00'],
    [127n, '7f'],
    [128n, '8001'],
    [(1n << 64n) - 1n, 'ffffffffffffffffff01'],
    [-1n, 'ffffffffffffffffff01'],
    [-(1n << 63n), '80808080808080808001'],
  ])('%s', (value, expected) => {
    expect(encodeVarint(value).toString('hex')).toBe(expected);
    expect(readFields(Buffer.concat([Buffer.from([8]), encodeVarint(value)]))[0]?.value).toBe(
      BigInt.asUintN(64, value),
    );
  });
});

describe('reading', () => {
  test.each(['08', '0a05aa', '0f', '0b', '00', '02 00', '0d010000', '08ffffffffffffffffffff01'])(
    'refuses %s',
    (bytes) => {
      expect(() => readFields(toBytes({ hex: bytes }))).toThrow();
    },
  );

  test('a request', () => {
    const request = readRequest(
      toBytes({ hex: '0a0173 12016d 1a0101 20ffffffffffffffffff01 2a060a016b120176 2a030a016b' }),
    );
    expect(request).toEqual({
      service: 's',
      method: 'm',
      payload: Buffer.from([1]),
      timeoutNano: -1n,
      metadata: [
        ['k', 'v'],
        ['k', ''],
      ],
    });
  });

  test('a response, telling an absent field from an empty one', () => {
    expect(readResponse(Buffer.alloc(0))).toEqual({ status: undefined, payload: undefined });
    expect(readResponse(toBytes({ hex: '0a00 1200' }))).toEqual({
      status: { code: 0, message: '', details: [] },
      payload: Buffer.alloc(0),
    });
    const negative = readResponse(toBytes({ response: { status: { code: '-3', message: 'x' } } }));
    expect(negative.status?.code).toBe(-3);
  });

  test.each([
    ['an unknown field', '1800'],
    ['a field twice', '1200 1200'],
    ['another wire type', '1000'],
    ['a message that is no UTF-8', '0a03 1201ff'],
  ])('refuses a response with %s', (_, bytes) => {
    expect(() => readResponse(toBytes({ hex: bytes }))).toThrow();
  });
});

describe('frames', () => {
  test.each<[Written, string]>([
    [{ id: 1, type: 1 }, '00000000000000010100'],
    [{ id: 0xfffffffe, type: 3, flags: 5, data: { hex: 'aabb' } }, '00000002fffffffe0305aabb'],
    [{ id: 1, type: 2, saysLength: 0xffffffff, data: { hex: '01' } }, 'ffffffff00000001020001'],
    [{ bytes: { hex: '0102' } }, '0102'],
  ])('%j', (frame, expected) => {
    expect(encodeWritten(frame).toString('hex')).toBe(expected);
  });

  test('are cut out of any pieces', () => {
    const frames = [
      { id: 1, type: 2, flags: 0, data: Buffer.from('one') },
      { id: 3, type: 3, flags: 5, data: Buffer.alloc(0) },
      { id: 0xffffffff, type: 3, flags: 0, data: Buffer.from('three') },
    ];
    const all = Buffer.concat(
      frames.map(({ id, type, flags, data }) =>
        encodeWritten({ id, type, flags, data: { hex: data.toString('hex') } }),
      ),
    );
    for (let size = 1; size <= all.length; size++) {
      const cutter = new FrameCutter();
      const read = [];
      for (let at = 0; at < all.length; at += size) read.push(...cutter.push(all.subarray(at, at + size)));
      expect(read).toEqual(frames);
      expect(cutter.unfinished).toBe(0);
    }
  });

  test('over the limit are refused, and unfinished ones are counted', () => {
    expect(() => new FrameCutter().push(encodeWritten({ id: 1, type: 3, saysLength: MAX_DATA_BYTES + 1 }))).toThrow(
      '4194305',
    );
    const cutter = new FrameCutter();
    expect(cutter.push(encodeWritten({ id: 1, type: 3, saysLength: 4 }))).toEqual([]);
    expect(cutter.unfinished).toBe(10);
  });
});
