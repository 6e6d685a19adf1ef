import protobuf from 'protobufjs';

/** The integers that a 64-bit field can have, from the least to the greatest. */
const SIGNED = [-(2n ** 63n), 2n ** 63n - 1n] as const;
const UNSIGNED = [0n, 2n ** 64n - 1n] as const;

/** What stands in a descriptor for characters that a C string cannot have as they are. */
const ESCAPES: Readonly<Record<number, string>> = {
  0x09: '\\t',
  0x0a: '\\n',
  0x0d: '\\r',
  0x22: '\\"',
  0x27: "\\'",
  0x5c: '\\\\',
};

/** The default of a field as descriptors have it, in `default_value`. */
export function defaultText(field: protobuf.Field, value: unknown): string {
  if (field.type === 'bytes') return escaped(typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array));
  if (typeof value !== 'number') return String(value);
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.hasOwn(protobuf.types.long, field.type)) return longText(field.type, value);
  const isFloat = field.type === 'float' || field.type === 'double';
  return isFloat && Object.is(value, -0) ? '-0' : String(value);
}

/** protobufjs's parser makes doubles of 64-bit integers: the greatest becomes one that is greater than a field can have. */
function longText(type: string, value: number): string {
  const [least, greatest] = type === 'uint64' || type === 'fixed64' ? UNSIGNED : SIGNED;
  const integer = BigInt(Math.trunc(value));
  return String(integer < least ? least : integer > greatest ? greatest : integer);
}

/** Bytes as a C string: what is not printable ASCII is an octal escape. */
function escaped(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const isPrintable = byte >= 0x20 && byte <= 0x7e;
    return ESCAPES[byte] ?? (isPrintable ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`);
  }).join('');
}
