import { Buffer } from 'node:buffer';

/** Where a decoded message keeps them. One for every copy of this library (ESM, CommonJS). */
export const UNKNOWN_FIELDS = Symbol.for('nestjs-ttrpc.unknown-fields');

/** Fields of one message in the order in which they came, each with its tag. */
class UnknownFields {
  #buf: Buffer;
  #length: number;

  /** Copies `buf[start, end)`: what is kept must not hold a whole read buffer. */
  constructor(buf: Buffer, start: number, end: number) {
    this.#length = end - start;
    this.#buf = Buffer.allocUnsafe(this.#length);
    buf.copy(this.#buf, 0, start, end);
  }

  get bytes(): Uint8Array {
    return this.#buf.subarray(0, this.#length);
  }

  append(buf: Buffer, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.#buf.length) {
      // Doubled, so that a peer cannot make each of many fields copy those before it.
      const grown = Buffer.allocUnsafe(Math.max(length, 2 * this.#buf.length));
      this.#buf.copy(grown, 0, 0, this.#length);
      this.#buf = grown;
    }
    buf.copy(this.#buf, this.#length, start, end);
    this.#length = length;
  }
}

interface Holder {
  [UNKNOWN_FIELDS]?: UnknownFields;
}

/**
 * Keeps `buf[start, end)`, a field that the schema does not know, tag and all, with `message`. It stands in a property
 * that is not enumerable: `Object.keys`, `JSON.stringify`, a copy by spread and a test's `toEqual` do not see it, and
 * messages without unknown fields have no such property.
 */
export function keepUnknownField(message: object, buf: Buffer, start: number, end: number): void {
  const known = (message as Holder)[UNKNOWN_FIELDS];
  if (known !== undefined) known.append(buf, start, end);
  else
    Object.defineProperty(message, UNKNOWN_FIELDS, { value: new UnknownFields(buf, start, end), configurable: true });
}

/** The unknown fields that were received with `message`, as they must be written again; undefined for none. */
export function unknownFieldsOf(message: object): Uint8Array | undefined {
  return (message as Holder)[UNKNOWN_FIELDS]?.bytes;
}
