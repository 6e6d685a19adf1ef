import { describe, expect, it } from '@jest/globals';
import { heldCodec, holdMessage, NO_MESSAGE } from '../../../../src/protocol/wire/held-message.js';
import { bytesCodec, type MessageCodec, type WriteArena } from '../../../../src/protocol/wire/message-codec.js';
import { ScratchArena } from '../../../../src/protocol/wire/scratch-arena.js';

/** Writes bytes one behind the other, as the fields of a message are written. */
const listCodec: MessageCodec<readonly (Uint8Array | (() => Uint8Array))[]> = {
  typeName: 'list',
  encode: () => {
    throw new Error('not in place');
  },
  decode: (bytes) => [bytes],
  encodeInto(list, out: WriteArena) {
    for (const item of list) out.append(typeof item === 'function' ? item() : item);
  },
};

const filled = (size: number, byte: number): Buffer => Buffer.alloc(size, byte);

function sent(held: ReturnType<typeof holdMessage>): Buffer {
  const out = new ScratchArena();
  heldCodec.encodeInto?.(held, out);
  return out.take();
}

describe('a held message', () => {
  it('holds large bytes where they are and copies the rest', () => {
    const list = [
      filled(3, 1),
      filled(40_000, 2),
      filled(16_384, 3),
      filled(16_383, 4),
      filled(0, 5),
      filled(20_000, 6),
    ];
    const held = holdMessage(listCodec, list);
    expect(held.length).toBe(Buffer.concat(list).length);
    expect(held.parts.filter((part) => list.includes(part as Buffer))).toEqual([list[1], list[2], list[5]]);
    const whole = Buffer.concat(list);
    list[0]?.fill(9);
    list[3]?.fill(9);
    expect(sent(held).equals(whole)).toBe(true);
    expect(heldCodec.encode(held)).toEqual(whole);
  });

  it('is not disturbed by another one that is encoded meanwhile, nor by one that failed', () => {
    const fails = (): never => {
      throw new Error('no');
    };
    expect(() => holdMessage(listCodec, [filled(100, 1), filled(20_000, 1), fails])).toThrow('no');
    let inner: ReturnType<typeof holdMessage> = NO_MESSAGE;
    const outer = holdMessage(listCodec, [
      filled(10, 1),
      () => {
        inner = holdMessage(listCodec, [filled(5, 7), filled(17_000, 8)]);
        return filled(4, 2);
      },
    ]);
    expect(sent(outer)).toEqual(Buffer.concat([filled(10, 1), filled(4, 2)]));
    expect(sent(inner)).toEqual(Buffer.concat([filled(5, 7), filled(17_000, 8)]));
  });

  it('takes codecs that do not encode in place', () => {
    const large = filled(30_000, 3);
    expect(holdMessage(bytesCodec, large).parts).toEqual([large]);
    const plain: MessageCodec<Uint8Array> = { ...bytesCodec, encodeInto: undefined };
    expect(holdMessage(plain, filled(9, 1))).toEqual({ parts: [filled(9, 1)], length: 9 });
    expect(holdMessage(bytesCodec, filled(0, 0))).toEqual({ parts: [], length: 0 });
    expect(sent(NO_MESSAGE)).toHaveLength(0);
  });
});
