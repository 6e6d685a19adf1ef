import { describe, expect, test } from '@jest/globals';
import { LARGE_BYTES, type MessageCodec, type WriteArena } from '../../../src/protocol/wire/message-codec.js';
import { DecodeError, EncodeError } from '../../../src/schema/index.js';
import { KITCHEN_SINK, PROTO2 } from './kitchen-sink.js';
import { codecOf, errorOf, hex, pairOf, schemaOf } from './proto-fixture.js';

/** An arena that grows by what is asked for and no more, and takes bytes of `byReference` and more without a copy. */
class TestArena implements WriteArena {
  buf: Uint8Array;
  pos = 0;
  readonly parts: Uint8Array[] = [];
  grown = 0;

  constructor(
    size: number,
    private readonly byReference = Infinity,
    private readonly allocate: (size: number) => Uint8Array = (bytes) => Buffer.alloc(bytes),
  ) {
    this.buf = allocate(size);
  }

  reserve(bytes: number): void {
    if (this.pos + bytes <= this.buf.length) return;
    const grown = this.allocate(this.pos + bytes);
    grown.set(this.buf.subarray(0, this.pos));
    this.buf = grown;
    this.grown += 1;
  }

  append(bytes: Uint8Array): void {
    if (bytes.length < this.byReference) {
      this.reserve(bytes.length);
      this.buf.set(bytes, this.pos);
      this.pos += bytes.length;
      return;
    }
    this.parts.push(this.buf.slice(0, this.pos), bytes);
    this.buf = this.allocate(0);
    this.pos = 0;
  }

  get bytes(): string {
    return Buffer.concat([...this.parts, this.buf.subarray(0, this.pos)]).toString('hex');
  }
}

const schema = schemaOf(KITCHEN_SINK, { loader: { longs: String } });

function typed(name: string): Required<MessageCodec> {
  return codecOf(schema, `parity.v1.${name}`);
}

const MESSAGES: readonly [string, object][] = [
  ['Nothing', {}],
  [
    'Scalars',
    { anInt32: -1, aSint32: -1, anUint32: 2 ** 32 - 1, aFixed32: 1, aSfixed32: -1, aFloat: 1.5, aDouble: 0.1 },
  ],
  ['Scalars', { anInt64: '-1', aSint64: '-1', anUint64: '1', aFixed64: '1', aSfixed64: '-1', aBool: true, aColor: 1 }],
  ['Scalars', { aString: 'short', someBytes: Buffer.from('short') }],
  ['Scalars', { aString: 'é'.repeat(20), someBytes: Buffer.alloc(32) }],
  ['Scalars', { aString: 'x'.repeat(33), someBytes: Buffer.alloc(33) }],
  ['Scalars', { aString: '€'.repeat(50), highNumber: 1 }],
  ['Scalars', { aString: 'x'.repeat(20_000), someBytes: Buffer.alloc(20_000, 7), aColor: 1 }],
  [
    'Repeateds',
    { leaves: [{ name: 'x'.repeat(200) }, { name: 'y' }, { name: 'z'.repeat(200) }], bytesList: [Buffer.alloc(5000)] },
  ],
  ['Repeateds', { int32s: Array.from({ length: 200 }, (_, index) => index), fixed32s: [1, 2, 3], bools: [true] }],
  [
    'Maps',
    { labels: { a: 'x'.repeat(200), b: 'y' }, blobs: { big: Buffer.alloc(20_000, 1) }, leaves: { l: { name: 'n' } } },
  ],
  ['Tree', { left: { left: { left: { name: 'x'.repeat(130) } }, right: { name: 'r' } }, children: [{}, {}] }],
];

describe('encodeInto', () => {
  test.each(MESSAGES)('%s: writes what encode gives, behind what is there', (name, message) => {
    const codec = typed(name);
    const alone = Buffer.from(codec.encode(message)).toString('hex');
    for (const size of [0, 1, 5, 64, 100_000]) {
      for (const byReference of [Infinity, LARGE_BYTES]) {
        const arena = new TestArena(size, byReference);
        arena.append(hex('aabb'));
        // Twice, since a message's size is guessed from the one before.
        codec.encodeInto(message, arena);
        codec.encodeInto(message, arena);
        expect(arena.bytes).toBe(`aabb${alone}${alone}`);
      }
    }
  });

  test('takes a Uint8Array that is no Buffer', () => {
    const arena = new TestArena(3, Infinity, (bytes) => new Uint8Array(bytes));
    typed('Scalars').encodeInto({ aString: 'x'.repeat(100), aDouble: 1 }, arena);
    expect(arena.bytes).toBe(
      Buffer.from(typed('Scalars').encode({ aString: 'x'.repeat(100), aDouble: 1 })).toString('hex'),
    );
    expect(Buffer.isBuffer(arena.buf)).toBe(false);
  });

  test('hands large bytes over by reference, where no length around them is open', () => {
    const large = Buffer.alloc(20_000, 1);
    const arena = new TestArena(64, LARGE_BYTES);
    typed('Scalars').encodeInto({ someBytes: large, aColor: 1 }, arena);
    expect(arena.parts[1]).toBe(large);
    const nested = new TestArena(64, LARGE_BYTES);
    typed('Repeateds').encodeInto({ bytesList: [large], leaves: [{ name: 'l' }] }, nested);
    expect(nested.parts[1]).toBe(large);
    const inMap = new TestArena(64, LARGE_BYTES);
    typed('Maps').encodeInto({ blobs: { b: large } }, inMap);
    expect(inMap.parts).toEqual([]);
  });

  test('asks for room only when there is none', () => {
    const arena = new TestArena(1024);
    for (let i = 0; i < 10; i += 1) typed('Scalars').encodeInto({ aString: 'hello', anInt32: 5 }, arena);
    expect(arena.grown).toBe(0);
  });

  test('leaves the arena where it was after an error, and the next message is right', () => {
    const arena = new TestArena(8);
    arena.append(hex('aa'));
    const codec = typed('Tree');
    expect(() => codec.encodeInto({ left: { left: { name: 5 } } }, arena)).toThrow(EncodeError);
    arena.pos = 1;
    codec.encodeInto({ left: { name: 'x' } }, arena);
    expect(arena.bytes).toBe('aa12030a0178');
  });

  test('keeps no hold on the arena', () => {
    const first = new TestArena(16);
    typed('Scalars').encodeInto({ anInt32: 1 }, first);
    const second = new TestArena(16);
    typed('Scalars').encodeInto({ anInt32: 2 }, second);
    expect([first.bytes, second.bytes]).toEqual(['0801', '0802']);
  });

  test('a message within itself through a getter', () => {
    const codec = typed('Tree');
    const arena = new TestArena(4);
    codec.encodeInto(
      {
        name: 'a',
        get left() {
          const inner = new TestArena(4);
          codec.encodeInto({ name: 'inner' }, inner);
          return { name: inner.bytes };
        },
      },
      arena,
    );
    expect(codec.decode(hex(arena.bytes))).toEqual({ name: 'a', left: { name: '0a05696e6e6572' } });
  });
});

describe('encode', () => {
  test('gives bytes of their own', () => {
    const codec = typed('Scalars');
    const first = codec.encode({ aString: 'first' });
    codec.encode({ aString: 'other' });
    expect(codec.decode(first)).toEqual({ aString: 'first' });
  });
});

describe('decodeFrom', () => {
  test.each(MESSAGES)('%s: reads in the middle of a buffer', (name, message) => {
    const codec = typed(name);
    const bytes = codec.encode(message);
    const around = Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(3, 0xff)]);
    expect(codec.decodeFrom(around, 3, 3 + bytes.length)).toEqual(codec.decode(bytes));
    const plain = Uint8Array.from(around);
    expect(codec.decodeFrom(plain.subarray(1), 2, 2 + bytes.length)).toEqual(codec.decode(bytes));
  });

  test('reads nothing beyond the end, though the buffer goes on', () => {
    const codec = typed('Scalars');
    // A string of three bytes of which two are in the message.
    expect(() => codec.decodeFrom(hex('72 03 61 62 63'), 0, 4)).toThrow(
      'parity.v1.Scalars: the message is cut short (at byte 2)',
    );
    expect(() => codec.decodeFrom(hex('08 80 01'), 0, 2)).toThrow(DecodeError);
    expect(() => codec.decodeFrom(hex('0d 01 02 03 04'), 0, 4)).toThrow(DecodeError);
  });

  test('bytes are copied out of a larger buffer, and a view of it where they are most of it', () => {
    const codec = typed('Scalars');
    const bytes = codec.encode({ someBytes: Buffer.alloc(100, 7) });
    const large = Buffer.alloc(64 * 1024);
    large.set(bytes, 10);
    const small = codec.decodeFrom(large, 10, 10 + bytes.length) as { someBytes: Buffer };
    large.fill(0);
    expect(small.someBytes).toEqual(Buffer.alloc(100, 7));
    const exact = Buffer.from(Uint8Array.from(bytes).buffer);
    const view = codec.decode(exact) as { someBytes: Buffer };
    expect(view.someBytes.buffer).toBe(exact.buffer);
  });

  test('every cut is an error or a whole message, never more', () => {
    for (const [name, message] of MESSAGES) {
      const codec = typed(name);
      const bytes = Buffer.from(codec.encode(message)).subarray(0, 400);
      for (let end = 0; end < bytes.length; end += 1) {
        try {
          const again = codec.encode(codec.decodeFrom(bytes, 0, end));
          expect(again.length).toBeLessThanOrEqual(end);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }
    }
  });
});

describe('bytes that are no message', () => {
  const CASES: readonly [string, string, string, string][] = [
    ['Scalars', 'a cut varint', '08', 'the message is cut short'],
    ['Scalars', 'a cut fixed32', '25 01 02', 'the message is cut short'],
    ['Scalars', 'a cut double', '61 01 02 03', 'the message is cut short'],
    ['Scalars', 'a length beyond the end', '72 7f 61', 'the message is cut short'],
    ['Scalars', 'a length of 4 GiB', '72 ff ff ff ff 0f 61', 'the message is cut short'],
    ['Scalars', 'a varint of eleven bytes', '08 ff ff ff ff ff ff ff ff ff ff 01', 'a varint has more than ten bytes'],
    [
      'Scalars',
      'a 64-bit varint of eleven bytes',
      '30 ff ff ff ff ff ff ff ff ff ff 01',
      'a varint has more than ten bytes',
    ],
    ['Scalars', 'a varint of 65 bits', '30 ff ff ff ff ff ff ff ff ff 02', 'a varint exceeds 64 bits'],
    ['Scalars', 'a length of more than 32 bits', '72 81 80 80 80 10 61', 'the message is cut short'],
    ['Scalars', 'a cut 64-bit varint', '30 ff ff', 'the message is cut short'],
    ['Scalars', 'field number 0', '00 01', 'a field number is invalid'],
    ['Scalars', 'a tag of six bytes above 32 bits', '88 80 80 80 80 01 01', 'a field number is invalid'],
    ['Scalars', 'wire type 6', '0e', 'wire type 6 is invalid'],
    ['Scalars', 'wire type 7 in an unknown field', 'ff 01', 'wire type 7 is invalid'],
    ['Scalars', 'the end of a group that has not begun', '0c', 'a group ends that has not begun'],
    ['Nothing', 'an unknown group without its end', '0b 08 01', 'the message is cut short'],
    ['Nothing', 'an unknown group that ends as another', '0b 14', 'a group ends that has not begun'],
    ['Repeateds', 'a packed field with a cut item', '0a 01 80', 'the message is cut short'],
    [
      'Repeateds',
      'a packed field of fixed size with half an item',
      '1a 06 01 00 00 00 02 00',
      'the message is cut short',
    ],
    ['Repeateds', 'a packed field beyond the end', '0a 05 01', 'the message is cut short'],
    ['Tree', 'a nested message beyond the end of its parent', '12 03 0a 05 61 62 63 64 65', 'the message is cut short'],
    ['Maps', 'a map entry beyond the end', '0a 09 0a 01 61', 'the message is cut short'],
  ];
  test.each(CASES)('%s: %s', (name, _what, text, reason) => {
    const error = errorOf<DecodeError>(() => typed(name).decode(hex(text)));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error).toMatchObject({ name: 'DecodeError', typeName: `parity.v1.${name}` });
    expect(error.message).toMatch(new RegExp(`^parity\\.v1\\.${name}: ${reason} \\(at byte \\d+\\)$`));
  });

  test('nested too deep', () => {
    const codec = typed('Tree');
    let bytes = hex('0a0178');
    const wrap = (inner: Buffer): Buffer => Buffer.concat([hex('12'), varint(inner.length), inner]);
    for (let level = 1; level <= 100; level += 1) bytes = wrap(bytes);
    expect(() => codec.decode(bytes)).not.toThrow();
    expect(() => codec.decode(wrap(bytes))).toThrow('parity.v1.Tree: more than 100 levels of nesting');
    for (let level = 1; level < 10_000; level += 1) bytes = wrap(bytes);
    expect(() => codec.decode(bytes)).toThrow(DecodeError);
    expect(() => typed('Nothing').decode(Buffer.alloc(100_000, 0x0b))).toThrow('more than 100 levels of nesting');
    expect(codec.decode(hex('0a0178'))).toEqual({ name: 'x' });
  });

  test('a required field that is missing', () => {
    const strict = pairOf(PROTO2, 'parity.v2.Strict', { defaults: true }).ours;
    expect(() => strict.decode(hex('08 01'))).toThrow("parity.v2.Strict: required field 'old' is missing (at byte 2)");
  });

  test('a group that does not end', () => {
    const old = pairOf(PROTO2, 'parity.v2.Old').ours;
    expect(() => old.decode(hex('0a 00 63 0a 01 61'))).toThrow('parity.v2.Old: a group does not end');
    expect(() => old.decode(hex('0a 00 63 0a 01 61 6c'))).toThrow('parity.v2.Old: a group ends that has not begun');
  });
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}
