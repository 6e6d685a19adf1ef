import { isUtf8 } from 'node:buffer';
import protobuf from 'protobufjs';

/** Deeper than any real message; what goes on below is shown as bytes. */
const MAX_DEPTH = 32;

/**
 * A message without its schema, guessed by its wire types: fields by number, repeated ones as lists. Bytes are text where
 * all of it is printable, else a message where they read as one, else base64. Undefined when `bytes` are no message.
 */
export function guessMessage(bytes: Uint8Array, depth = 0): Record<string, unknown> | undefined {
  const reader = protobuf.Reader.create(bytes);
  const fields = new Map<number, unknown[]>();
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const number = tag >>> 3;
      if (number === 0) return undefined;
      const value = readValue(reader, tag & 7, depth);
      const values = fields.get(number);
      if (values) values.push(value);
      else fields.set(number, [value]);
    }
  } catch {
    return undefined;
  }
  return Object.fromEntries([...fields].map(([number, values]) => [number, values.length === 1 ? values[0] : values]));
}

/** @throws for a wire type that no field has */
function readValue(reader: protobuf.Reader, wireType: number, depth: number): unknown {
  switch (wireType) {
    case 0:
      return plain(reader.int64());
    case 1:
      return plain(reader.fixed64());
    case 2:
      return guessBytes(reader.bytes(), depth);
    case 5:
      return reader.fixed32();
    default:
      throw new RangeError(`wire type ${wireType}`);
  }
}

/** A number where that is exact, else its digits. */
function plain(value: { toString(): string }): unknown {
  const digits = value.toString();
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : digits;
}

function guessBytes(bytes: Uint8Array, depth: number): unknown {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) {
    const text = buffer.toString();
    // eslint-disable-next-line no-control-regex -- control characters are what tells text from bytes
    if (!/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(text)) return text;
  }
  return (depth < MAX_DEPTH ? guessMessage(bytes, depth + 1) : undefined) ?? buffer.toString('base64');
}
