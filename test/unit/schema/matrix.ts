import { PROTOS } from './kitchen-sink.js';

/** The .proto files of the matrix (made by protos/matrix.mjs) and their packages. */
export const SYNTAXES = [
  { syntax: 'proto3', file: `${PROTOS}matrix3.proto`, package: 'matrix.v3' },
  { syntax: 'proto2', file: `${PROTOS}matrix2.proto`, package: 'matrix.v2' },
] as const;

/** One value of a kind of field. */
export interface Value {
  /** What it is called. */
  name: string;
  /** In the form that needs no conversion: what protobufjs encodes as it is. */
  plain: unknown;
  /** The forms that our codec takes besides. */
  forms: readonly unknown[];
  /** As ProtoJSON has it. */
  json: unknown;
  /** As a key of a plain object; undefined for kinds that are no keys. */
  key?: string;
  /** True for the value that proto3 leaves out where a field has no presence. */
  isZero?: boolean;
  /** True for an enum value without a name. */
  isUnknown?: boolean;
}

function integers(lowest: bigint, highest: bigint): readonly Value[] {
  return [0n, 1n, 127n, 128n, highest, ...(lowest < 0n ? [-1n, -64n, lowest] : [])].map((value) => ({
    name: String(value),
    plain: Number(value),
    forms: [value, String(value)],
    json: Number(value),
    key: String(value),
    isZero: value === 0n,
  }));
}

function longs(lowest: bigint, highest: bigint): readonly Value[] {
  const safe = BigInt(Number.MAX_SAFE_INTEGER);
  const values = [0n, 1n, 2n ** 32n, safe, safe + 2n, highest, ...(lowest < 0n ? [-1n, -safe, lowest] : [])];
  return values.map((value) => {
    const long = {
      low: Number(BigInt.asIntN(32, value)),
      high: Number(BigInt.asIntN(32, value >> 32n)),
      unsigned: lowest === 0n,
    };
    const isSafe = value <= safe && value >= -safe;
    return {
      name: String(value),
      plain: isSafe ? Number(value) : long,
      forms: [value, String(value), long],
      json: String(value),
      key: String(value),
      isZero: value === 0n,
    };
  });
}

function floats(...more: readonly number[]): readonly Value[] {
  return [0, -0, 1, -1.5, NaN, Infinity, -Infinity, ...more].map((value) => {
    const text = Object.is(value, -0) ? '-0' : String(value);
    const isZero = Object.is(value, 0);
    const json = Number.isFinite(value) && !Object.is(value, -0) ? value : text;
    return { name: text, plain: value, forms: [text], json, isZero };
  });
}

function strings(...values: readonly string[]): readonly Value[] {
  return values.map((value) => ({
    name: value.length > 20 ? `${value.length} units` : JSON.stringify(value),
    plain: value,
    forms: [],
    json: value,
    key: value,
    isZero: value === '',
  }));
}

function bytes(...values: readonly Buffer[]): readonly Value[] {
  return values.map((value) => ({
    name: `${value.length} bytes`,
    plain: value,
    forms: [Uint8Array.from(value), [...value], value.toString('base64'), Uint8Array.from(value).buffer],
    json: value.toString('base64'),
    isZero: value.length === 0,
  }));
}

function shades(): readonly Value[] {
  const names = { SHADE_ZERO: 0, SHADE_ONE: 1, SHADE_MINUS: -1, SHADE_HIGH: 2147483647, SHADE_LOW: -2147483648 };
  return [
    ...Object.entries(names).map(([name, number]) => ({
      name,
      plain: number,
      forms: [name],
      json: name,
      isZero: number === 0,
    })),
    ...[7, -7].map((number) => ({
      name: `unknown ${number}`,
      plain: number,
      forms: [],
      json: number,
      isUnknown: true,
    })),
  ];
}

const MAX64 = 2n ** 63n;

/** Each kind of field, by the name that its message in the matrix begins with. */
export const KINDS: Readonly<Record<string, readonly Value[]>> = {
  int32: integers(-(2n ** 31n), 2n ** 31n - 1n),
  sint32: integers(-(2n ** 31n), 2n ** 31n - 1n),
  uint32: integers(0n, 2n ** 32n - 1n),
  fixed32: integers(0n, 2n ** 32n - 1n),
  sfixed32: integers(-(2n ** 31n), 2n ** 31n - 1n),
  int64: longs(-MAX64, MAX64 - 1n),
  sint64: longs(-MAX64, MAX64 - 1n),
  uint64: longs(0n, 2n ** 64n - 1n),
  fixed64: longs(0n, 2n ** 64n - 1n),
  sfixed64: longs(-MAX64, MAX64 - 1n),
  float: floats(3.4028234663852886e38, 1.401298464324817e-45, 0.10000000149011612),
  double: floats(Number.MAX_VALUE, 5e-324, 0.1),
  bool: [true, false].map((value) => ({
    name: String(value),
    plain: value,
    forms: [],
    json: value,
    key: String(value),
    isZero: !value,
  })),
  string: strings(
    '',
    'a',
    'é',
    '\u0000',
    '𝄞😀 beyond the BMP',
    'x'.repeat(127),
    'é'.repeat(64),
    '__proto__',
    'constructor',
    'toString',
  ),
  bytes: bytes(Buffer.alloc(0), Buffer.from([0]), Buffer.from([255, 0, 128]), Buffer.alloc(300, 7)),
  Shade: shades(),
  Part: [{}, { text: 'x' }, { text: 'y', number: -1 }].map((value) => ({
    name: JSON.stringify(value),
    plain: value,
    forms: [],
    json: value,
  })),
};

/** One message of the matrix. */
export interface Cell {
  kind: string;
  place: string;
  typeName: string;
  /** What tells it from the others: `int32 in map values: -1`. */
  title: string;
  /** In the form that needs no conversion. */
  message: Record<string, unknown>;
  /** The same in all other forms that our codec takes. */
  forms: readonly Record<string, unknown>[];
  /** As ProtoJSON has it. */
  json: Record<string, unknown>;
  values: readonly Value[];
}

const UNPACKABLE = ['string', 'bytes', 'Part'];

/** The messages of a kind: each value in each place, and all of them in the places that hold several. */
export function* cellsOf(packageName: string, kind: string): Iterable<Cell> {
  const values = KINDS[kind] ?? [];
  const typeName = `${packageName}.${(kind[0] ?? '').toUpperCase()}${kind.slice(1)}Places`;
  const cell = (place: string, wrap: (value: unknown) => unknown, value: Value): Cell => ({
    kind,
    place,
    typeName,
    title: `${typeName}.${place}: ${value.name}`,
    message: { [place]: wrap(value.plain) },
    forms: value.forms.map((form) => ({ [place]: wrap(form) })),
    json: { [place]: wrap(value.json) },
    values: [value],
  });
  const whole = (place: string, collect: (pick: (value: Value) => unknown) => unknown): Cell => ({
    kind,
    place,
    typeName,
    title: `${typeName}.${place}: all values`,
    message: { [place]: collect((value) => value.plain) },
    forms: [{ [place]: collect((value) => value.forms.at(-1) ?? value.plain) }],
    json: { [place]: collect((value) => value.json) },
    values,
  });
  for (const place of ['single', 'maybe', 'member']) {
    for (const value of values) yield cell(place, (given) => given, value);
  }
  for (const place of UNPACKABLE.includes(kind) ? ['list'] : ['list', 'packed', 'unpacked']) {
    for (const value of values) yield cell(place, (given) => [given], value);
    yield whole(place, (pick) => values.map(pick));
  }
  for (const value of values) yield cell('values', (given) => ({ key: given }), value);
  yield whole('values', (pick) => ownProperties(values.map((value) => [value.name, pick(value)])));
  for (const value of values) {
    if (value.key === undefined) continue;
    const wrap = (): object => ownProperties([[value.key as string, 'x']]);
    yield { ...cell('keys', wrap, value), forms: [{ keys: new Map([[value.plain, 'x']]) }] };
  }
  if (values.every(({ key }) => key !== undefined)) {
    yield {
      ...whole('keys', () => ownProperties(values.map(({ key }) => [key as string, 'x']))),
      forms: [{ keys: new Map(values.map(({ plain }) => [plain, 'x'])) }],
    };
  }
}

/** An object that may have a property named `__proto__`. */
function ownProperties(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}
