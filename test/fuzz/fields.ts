import type { Random } from '../support/random.js';

/* Protobuf messages taken apart into fields and put together wrongly. */

/** One field: its tag and value as they stand on the wire; a value of wire type 2 without its length. */
interface Field {
  number: number;
  wireType: number;
  value: Buffer;
  /** What its length says, where that is a lie. */
  saysLength?: number;
}

const VARINTS: readonly bigint[] = [
  0n,
  1n,
  2n,
  5n,
  16n,
  17n,
  127n,
  128n,
  1000n,
  60_000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  (1n << 53n) + 1n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
  (1n << 64n) - 1_000_000_000n,
  1_000_000n,
];
const VALUES: readonly Buffer[] = VARINTS.map((value) => varint(value));
const OVERLONG = [
  Buffer.from('8000', 'hex'),
  Buffer.from('80808080808080808000', 'hex'),
  Buffer.from('8080808080808080808000', 'hex'),
];
const CUT = [Buffer.from('80', 'hex'), Buffer.from('ffffffffff', 'hex')];

/** Texts that are put where names, keys and messages stand. */
const TEXTS: readonly Buffer[] = [
  'interop.v1.Interop',
  'Unary',
  'ServerStream',
  'ClientStream',
  'Bidi',
  'Nothing',
  'NothingStream',
  'NothingServerStream',
  'NothingClientStream',
  'Unimplemented',
  'Flood',
  'no.Such',
  '',
  '__proto__',
  'constructor',
  'a\0b',
  '\r\n',
  'grüße 🙂',
  'x'.repeat(300),
].map((text) => Buffer.from(text));
const NOT_UTF8 = ['ff', '61e282', 'c0af', 'eda080', 'f4908080'].map((hex) => Buffer.from(hex, 'hex'));

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

function smallVarint(value: number): Buffer {
  if (value < 0x80) return Buffer.from([value]);
  if (value < 0x4000) return Buffer.from([(value & 0x7f) | 0x80, value >>> 7]);
  return varint(BigInt(value));
}

/** The fields of a message without groups; undefined when it is none. */
function split(message: Buffer): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const read = (): number => {
    let value = 0;
    for (let n = 0, scale = 1; n < 5; n++, scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) return -1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return -1;
  };
  while (at < message.length) {
    const key = read();
    const wireType = key & 7;
    if (key < 8) return undefined;
    let start = at;
    if (wireType === 0) {
      for (let n = 0; (message[at] ?? 0) >= 0x80 && n < 10; n++) at++;
      at++;
    } else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const length = read();
      if (length < 0) return undefined;
      start = at;
      at += length;
    } else return undefined;
    if (at > message.length) return undefined;
    fields.push({ number: key >>> 3, wireType, value: message.subarray(start, at) });
  }
  return fields;
}

function join(fields: readonly Field[]): Buffer {
  const parts: Buffer[] = [];
  for (const { number, wireType, value, saysLength } of fields) {
    parts.push(smallVarint(((number << 3) | wireType) >>> 0));
    if (wireType === 2) parts.push(smallVarint(saysLength ?? value.length));
    parts.push(value);
  }
  return Buffer.concat(parts);
}

/** Some bytes with one thing wrong. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  const at = random.below(bytes.length + 1);
  switch (random.below(6)) {
    case 0:
      return copy.subarray(0, at);
    case 1:
      return Buffer.concat([copy.subarray(0, at), Buffer.from([random.below(256)]), copy.subarray(at)]);
    case 2:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(Math.min(copy.length, at + 1 + random.below(4)))]);
    case 3:
      return Buffer.concat([copy, copy.subarray(at)]);
    case 4:
      if (copy.length > 0) copy[at % copy.length] = random.below(256);
      return copy;
    default:
      if (copy.length > 0) copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ (1 << random.below(8));
      return copy;
  }
}

function unknownField(random: Random): Field {
  const number = random.pick([6, 9, 15, 16, 1000, 0x1fff_ffff]);
  switch (random.below(5)) {
    case 0:
      return { number, wireType: 0, value: random.pick(VALUES) };
    case 1:
      return { number, wireType: 1, value: Buffer.alloc(8, random.below(256)) };
    case 2:
      return { number, wireType: 5, value: Buffer.alloc(4, random.below(256)) };
    case 3: {
      const depth = random.pick([1, 2, 63, 64, 65, 200]);
      const start = smallVarint((number << 3) | 3);
      const end = smallVarint((number << 3) | 4);
      const ends = random.below(8) === 0 ? depth - 1 : depth;
      const groups = [...Array.from({ length: depth - 1 }, () => start), ...Array.from({ length: ends }, () => end)];
      return { number, wireType: 3, value: Buffer.concat(groups) };
    }
    default:
      return { number, wireType: 2, value: random.pick(TEXTS) };
  }
}

/** Pairs of metadata (field 5 of a request), or details (field 3 of a status): many of them now and then. */
function manyPairs(random: Random): Field[] {
  const count = random.pick([1, 1, 2, 3, 20, 300]);
  const key = random.pick(TEXTS);
  const pair = join([
    { number: 1, wireType: 2, value: key },
    { number: 2, wireType: 2, value: random.pick(TEXTS) },
  ]);
  return Array.from({ length: count }, () => ({ number: random.below(8) === 0 ? 3 : 5, wireType: 2, value: pair }));
}

/** A message with one thing wrong, as far as it is one; else bytes with one thing wrong. */
export function mutateMessage(message: Buffer, random: Random, depth = 0): Buffer {
  const fields = split(message);
  if (fields === undefined || (fields.length === 0 && random.below(4) > 0)) return mutateBytes(message, random);
  const at = random.below(Math.max(1, fields.length));
  const field = fields[at];
  if (field === undefined) return join([...manyPairs(random)]);
  // Most of what is worth reaching lies inside: the payload of a request, the status of an answer.
  if (field.wireType === 2 && depth < 4 && field.value.length > 0 && random.below(2) === 0) {
    fields[at] = { ...field, value: mutateMessage(field.value, random, depth + 1) };
    return join(fields);
  }
  switch (random.below(14)) {
    case 0:
      fields.splice(at, 1);
      break;
    case 1:
      fields.splice(random.below(fields.length + 1), 0, { ...field });
      break;
    case 2:
      fields.splice(at, 1);
      fields.splice(random.below(fields.length + 1), 0, field);
      break;
    case 3:
      fields[at] = { ...field, number: random.pick([1, 2, 3, 4, 5, 6, 7, 15]) };
      break;
    case 4:
      fields[at] = { ...field, wireType: random.below(8) };
      break;
    case 5:
    case 6:
      fields.splice(random.below(fields.length + 1), 0, unknownField(random));
      break;
    case 7:
      fields.splice(random.below(fields.length + 1), 0, ...manyPairs(random));
      break;
    case 8:
      fields[at] = {
        ...field,
        saysLength: random.pick([0, 1, field.value.length + 1, 127, 128, 100_000, 0x7fff_ffff, 0xffff_ffff]),
      };
      break;
    case 9:
      fields[at] = { ...field, value: mutateBytes(field.value, random) };
      break;
    case 10:
      fields.push({ number: field.number, wireType: 0, value: random.pick([...OVERLONG, ...CUT]) });
      break;
    case 11:
      fields.push({ number: random.pick([1, 3, 4, 5]), wireType: 0, value: random.pick(VALUES) });
      break;
    default:
      if (field.wireType === 0) fields[at] = { ...field, value: random.pick(VALUES) };
      else if (random.below(6) === 0) fields[at] = { ...field, value: random.pick(NOT_UTF8) };
      else fields[at] = { ...field, value: random.pick(TEXTS) };
  }
  return join(fields);
}
