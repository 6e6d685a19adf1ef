import { describe, expect, test } from '@jest/globals';
import { DecodeError, EncodeError, loadSchema, SchemaError } from '../../../src/schema/index.js';
import { PROTOS } from './kitchen-sink.js';
import { codecOf, errorOf, hex, schemaOf } from './proto-fixture.js';

/** Far beyond every limit, and beyond what the stack holds. */
const DEEP = 10_000;

const schema = loadSchema({
  protoPath: [`${PROTOS}kitchen-sink.proto`, `${PROTOS}old.proto`],
  loader: { longs: String, json: true },
});

/** What stands in front of a message of this length that is nested, in hex. */
type Head = (length: number) => string;

/** How a message holds another: as an object, and as bytes. */
interface Way {
  name: string;
  typeName: string;
  wrap: (inner: object) => object;
  head: Head;
  tail?: string;
  /** The innermost message. */
  core?: [object, string];
  /** How many messages one such step is. */
  levels?: number;
}

const WAYS: readonly Way[] = [
  { name: 'a field', typeName: 'parity.v1.Tree', wrap: (left) => ({ left }), head: lengths('12') },
  {
    name: 'a repeated field',
    typeName: 'parity.v1.Tree',
    wrap: (child) => ({ children: [child] }),
    head: lengths('22'),
  },
  {
    name: 'a map',
    typeName: 'parity.v1.Tree',
    wrap: (inner) => ({ named: { '': inner } }),
    head: lengths('2a', '0a0012'),
  },
  {
    name: 'a proto2 field',
    typeName: 'parity.v2.Old',
    wrap: (child) => ({ id: '', child }),
    head: (length) => `0a00${lengths('7a')(length)}`,
    core: [{ id: '' }, '0a00'],
  },
  {
    name: 'a group',
    typeName: 'parity.v2.Old',
    wrap: (deep) => ({ id: '', inner: { deep } }),
    head: (length) => `0a0063${lengths('12')(length)}`,
    tail: '64',
    core: [{ id: '' }, '0a00'],
    levels: 2,
  },
  {
    name: 'Struct',
    typeName: 'google.protobuf.Struct',
    wrap: (structValue) => ({ fields: { '': { structValue } } }),
    head: lengths('0a', '0a0012', '2a'),
    levels: 2,
  },
  {
    name: 'an Any',
    typeName: 'google.protobuf.Any',
    wrap: (any) => ({ '@type': '/parity.v1.WellKnown', any }),
    head: (length) => `0a14${Buffer.from('/parity.v1.WellKnown').toString('hex')}${lengths('12', '0a')(length)}`,
    levels: 2,
  },
];

/** Fields within one another, from the outside: their tags, each with a length behind it. */
function lengths(...tags: readonly string[]): Head {
  return (length) => {
    let head = '';
    for (const tag of [...tags].reverse()) head = tag + varint(length + head.length / 2) + head;
    return head;
  };
}

function varint(value: number): string {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]).toString('hex');
}

/** `levels` messages around one another, as an object. */
function nested(levels: number, { wrap, core }: Pick<Way, 'wrap' | 'core'>): object {
  let value = core?.[0] ?? {};
  for (let level = 0; level < levels; level += 1) value = wrap(value);
  return value;
}

/** The same as bytes. */
function nestedBytes(levels: number, { head, tail = '', core }: Pick<Way, 'head' | 'tail' | 'core'>): Buffer {
  const inner = core?.[1] ?? '';
  const heads: string[] = [];
  let length = inner.length / 2;
  for (let level = 0; level < levels; level += 1) {
    const text = head(length);
    heads.push(text);
    length += (text.length + tail.length) / 2;
  }
  return hex(heads.reverse().join('') + inner + tail.repeat(levels));
}

describe.each(WAYS)('nested by $name', (way) => {
  const { typeName, levels = 1 } = way;
  const codec = codecOf(schema, typeName);

  test(`${DEEP} deep is an error in both directions, and the next message is right`, () => {
    const encoding = errorOf<EncodeError>(() => codec.encode(nested(DEEP, way)));
    expect(encoding).toBeInstanceOf(EncodeError);
    expect(encoding.message).toContain('expected at most 100 levels of nesting');
    const decoding = errorOf<DecodeError>(() => codec.decode(nestedBytes(DEEP, way)));
    expect(decoding).toBeInstanceOf(DecodeError);
    expect(decoding.message).toContain(`${typeName}: more than 100 levels of nesting`);
    const bytes = codec.encode(nested(1, way));
    expect(Buffer.from(bytes).toString('hex')).toBe(nestedBytes(1, way).toString('hex'));
    expect(() => codec.decode(bytes)).not.toThrow();
  });

  test('a level more than what is allowed is refused in both directions', () => {
    const most = 100 / levels;
    const bytes = nestedBytes(most, way);
    expect(Buffer.from(codec.encode(nested(most, way))).equals(bytes)).toBe(true);
    expect(() => codec.decode(bytes)).not.toThrow();
    expect(() => codec.encode(nested(most + 1, way))).toThrow(EncodeError);
    expect(() => codec.decode(nestedBytes(most + 1, way))).toThrow(DecodeError);
  });
});

describe('unknown groups', () => {
  test('are skipped 100 levels deep, no deeper', () => {
    const nothing = codecOf(schema, 'parity.v1.Nothing');
    expect(nothing.decode(hex('0b'.repeat(100) + '0c'.repeat(100)))).toEqual({});
    expect(() => nothing.decode(hex('0b'.repeat(101) + '0c'.repeat(101)))).toThrow('more than 100 levels of nesting');
    expect(() => nothing.decode(hex('0b'.repeat(DEEP) + '0c'.repeat(DEEP)))).toThrow(DecodeError);
  });
});

describe('maxMessageDepth', () => {
  const TREE = 'syntax = "proto3"; message Tree { Tree left = 1; }';
  const way = { wrap: (left: object) => ({ left }), head: lengths('0a') };
  const tree = (maxMessageDepth?: number) =>
    codecOf(schemaOf(TREE, maxMessageDepth === undefined ? {} : { maxMessageDepth }), 'Tree');

  test.each([1, 5, 100, 1000])('%d levels and no more', (depth) => {
    const codec = tree(depth);
    const bytes = codec.encode(nested(depth, way));
    expect(codec.decode(bytes)).toEqual(nested(depth, way));
    expect(() => codec.encode(nested(depth + 1, way))).toThrow(
      `expected at most ${depth} levels of nesting (is it a cycle?), got an object`,
    );
    expect(() => codec.decode(nestedBytes(depth + 1, way))).toThrow(`Tree: more than ${depth} levels of nesting`);
  });

  test('is 100 by default, for each schema on its own', () => {
    const bytes = nestedBytes(101, way);
    expect(() => tree().decode(bytes)).toThrow(DecodeError);
    expect(() => tree(101).decode(bytes)).not.toThrow();
    expect(() => tree().decode(bytes)).toThrow(DecodeError);
  });

  test.each([0, -1, 1.5, NaN, 1001, '5', null])('%p is no depth', (maxMessageDepth) => {
    const error = errorOf(() => schemaOf(TREE, { maxMessageDepth: maxMessageDepth as number }));
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toContain('maxMessageDepth: expected an integer from 1 to 1000, got ');
  });

  test('a stack that is nearly used up by the caller is an error of the message, too', () => {
    const codec = tree(1000);
    const value = nested(1000, way);
    const bytes = codec.encode(value);
    expect(atTheEndOfTheStack(() => codec.decode(bytes))).toBeInstanceOf(DecodeError);
    expect(atTheEndOfTheStack(() => codec.encode(value))).toBeInstanceOf(EncodeError);
    expect(codec.decode(bytes)).toEqual(value);
  });
});

/** What `run` raises where little of the stack is left. */
function atTheEndOfTheStack(run: () => unknown): unknown {
  let raised: unknown;
  const descend = (level: number): void => {
    let reached = false;
    try {
      descend(level + 1);
      reached = true;
    } catch {
      // The end of the stack is near: the frames above are tried, one after the other, until one has room for an error.
    }
    if (reached || raised !== undefined) return;
    try {
      run();
    } catch (error) {
      if (error instanceof DecodeError || error instanceof EncodeError) raised = error;
    }
    if (raised === undefined) throw new RangeError('further up');
  };
  try {
    descend(0);
  } catch {
    // Nobody raised what is wanted.
  }
  return raised;
}
