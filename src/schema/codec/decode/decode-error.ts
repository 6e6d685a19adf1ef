/** Marks the errors of every copy of this library (ESM, CommonJS, two versions), so that `instanceof` holds across them. */
const BRAND = Symbol.for('nestjs-ttrpc.decode-error');

/** Bytes that are not a message of the expected type: cut short, malformed, nested too deep, a required field missing. */
export class DecodeError extends Error {
  override readonly name: string = 'DecodeError';
  /** Qualified name of the message type that was read. */
  readonly typeName: string;
  /** Where reading stopped, in bytes from the message's first; undefined where generated code does not say it. */
  readonly offset: number | undefined;

  constructor(typeName: string, offset: number | undefined, reason: string, options?: ErrorOptions) {
    super(`${typeName}: ${reason}${offset === undefined ? '' : ` (at byte ${offset})`}`, options);
    this.typeName = typeName;
    this.offset = offset;
    Object.defineProperty(this, BRAND, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
  }
}
