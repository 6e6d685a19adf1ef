import protobuf from 'protobufjs';
import { InvalidValue } from './encode/encode-error.js';

/** `Long` of the `long` package, as protobufjs and `@grpc/proto-loader` give it. */
const { Long } = protobuf.util;

const SIGNED_LONGS: InstanceType<typeof Long>[] = [];
const UNSIGNED_LONGS: InstanceType<typeof Long>[] = [];

/** 64-bit integers in two unsigned halves: {@link splitLong} leaves its result here, so that it allocates nothing. */
export const halves = { low: 0, high: 0 };

const INT64 = 'a 64-bit integer (int64): a safe integer, a bigint, a decimal string or a Long';
const UINT64 = 'a 64-bit integer that is not negative (uint64): a safe integer, a bigint, a decimal string or a Long';

const DECIMAL = /^-?\d{1,20}$/;

/**
 * Takes what users pass for a 64-bit integer apart into {@link halves}: a safe integer, a bigint, a decimal string or a
 * `Long` (of any copy of that package).
 * @throws {InvalidValue} for everything else and for what is out of range
 */
export function splitLong(value: unknown, unsigned: boolean): void {
  if (typeof value === 'number') splitNumber(value, unsigned);
  else if (typeof value === 'bigint') splitBigInt(value, value, unsigned);
  else if (typeof value === 'string') splitString(value, unsigned);
  else splitObject(value, unsigned);
}

function splitNumber(value: number, unsigned: boolean): void {
  if (!Number.isSafeInteger(value) || (unsigned && value < 0)) {
    const beyond = Number.isInteger(value) && Math.abs(value) > Number.MAX_SAFE_INTEGER;
    const hint = beyond ? '; numbers beyond 2^53 are not exact, pass a bigint or a string' : '';
    throw new InvalidValue(expected(unsigned) + hint, value);
  }
  halves.low = value >>> 0;
  // Exact: the difference is a multiple of 2^32. Negative numbers become the two's complement.
  halves.high = ((value - halves.low) / 0x1_0000_0000) >>> 0;
}

function splitString(value: string, unsigned: boolean): void {
  if (!DECIMAL.test(value)) throw new InvalidValue(expected(unsigned), value);
  // Fifteen digits are always a safe integer.
  if (value.length <= 15) {
    const number = Number(value);
    if (unsigned && number < 0) throw new InvalidValue(expected(unsigned), value);
    splitNumber(number, unsigned);
  } else splitBigInt(BigInt(value), value, unsigned);
}

function splitBigInt(bits: bigint, value: unknown, unsigned: boolean): void {
  if (bits !== (unsigned ? BigInt.asUintN(64, bits) : BigInt.asIntN(64, bits)))
    throw new InvalidValue(expected(unsigned), value);
  halves.low = Number(BigInt.asUintN(32, bits));
  halves.high = Number(BigInt.asUintN(32, bits >> 32n));
}

function splitObject(value: unknown, unsigned: boolean): void {
  const { low, high, unsigned: sign } = (value ?? {}) as { low?: unknown; high?: unknown; unsigned?: unknown };
  if (typeof value !== 'object' || !Number.isInteger(low) || !Number.isInteger(high)) {
    throw new InvalidValue(expected(unsigned), value);
  }
  halves.low = (low as number) >>> 0;
  halves.high = (high as number) >>> 0;
  // With the top bit set, signed and unsigned mean different numbers.
  if (typeof sign === 'boolean' && sign !== unsigned && halves.high >>> 31 === 1) {
    throw new InvalidValue(expected(unsigned), value);
  }
}

function expected(unsigned: boolean): string {
  return unsigned ? UINT64 : INT64;
}

/** A 64-bit integer in two unsigned halves, as a reader leaves it. */
export interface Halves {
  readonly low: number;
  readonly high: number;
}

/** Makes a JavaScript value of a 64-bit integer. */
export type LongMaker = (halves: Halves) => unknown;

/** The value for `longs: String`, `Number` or `BigInt`; a `Long` for anything else. */
export function longMaker(longs: unknown, unsigned: boolean): LongMaker {
  if (isNamed(longs, 'String')) return unsigned ? unsignedString : signedString;
  if (isNamed(longs, 'Number')) return unsigned ? unsignedNumber : signedNumber;
  if (isNamed(longs, 'BigInt')) {
    return unsigned ? unsignedBigInt : (value) => BigInt.asIntN(64, unsignedBigInt(value));
  }
  return cachedLong(unsigned);
}

/** Longs from 0 up to this one, excluded, are shared, as `Long` itself shares small ones: most ids, counts and sizes are small. */
export const CACHED_LONGS = 1024;

function cachedLong(unsigned: boolean): LongMaker {
  const cache = unsigned ? UNSIGNED_LONGS : SIGNED_LONGS;
  return ({ low, high }) => {
    if (high === 0 && low < CACHED_LONGS) return (cache[low] ??= Object.freeze(new Long(low, 0, unsigned)));
    return new Long(low | 0, high | 0, unsigned);
  };
}

/** True for the built-in function of this name, also of another realm (a test runner's sandbox). */
export function isNamed(option: unknown, name: string): boolean {
  return typeof option === 'function' && option.name === name;
}

function unsignedNumber({ low, high }: Halves): number {
  return high * 0x1_0000_0000 + low;
}

function signedNumber({ low, high }: Halves): number {
  return (high | 0) * 0x1_0000_0000 + low;
}

function unsignedBigInt({ low, high }: Halves): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

function unsignedString(value: Halves): string {
  return value.high < 0x20_0000 ? String(unsignedNumber(value)) : String(unsignedBigInt(value));
}

function signedString(value: Halves): string {
  const high = value.high | 0;
  const exact = high >= -0x20_0000 && high < 0x20_0000;
  return exact ? String(signedNumber(value)) : String(BigInt.asIntN(64, unsignedBigInt(value)));
}
