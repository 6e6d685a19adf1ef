import { describe } from '../../../protocol/core/describe.js';

// Where the codecs look for it.
export { describe };

/** Marks the errors of every copy of this library (ESM, CommonJS, two versions), so that `instanceof` holds across them. */
const BRAND = Symbol.for('nestjs-ttrpc.encode-error');

/** Longer paths are cut in the middle: they come from values that are nested without end. */
const MAX_PATH_CHARACTERS = 200;

/**
 * A value that does not fit its message type: wrong in kind, out of range, nested too deep.
 * The message names the type, the field, what was expected and the value:
 * `demo.v1.Order: items[3].price: expected an integer from -2147483648 to 2147483647 (int32), got number 1.5`.
 */
export class EncodeError extends TypeError {
  override readonly name: string = 'EncodeError';
  /** Qualified name of the message type that was encoded. */
  readonly typeName: string;
  /** The field within it (`items[3].price`); empty when the message itself is at fault. */
  readonly path: string;
  /** What would have been right, in words. */
  readonly expected: string;
  /** What was given. Not enumerable, so that logging the error does not log the data. */
  declare readonly value: unknown;

  constructor(typeName: string, path: string, expected: string, value: unknown, options?: ErrorOptions) {
    super(
      `${typeName}: ${path === '' ? '' : `${shorten(path)}: `}expected ${expected}, got ${describe(value)}`,
      options,
    );
    this.typeName = typeName;
    this.path = path;
    this.expected = expected;
    Object.defineProperty(this, 'value', { value });
    Object.defineProperty(this, BRAND, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
  }
}

/**
 * How an {@link EncodeError} begins: raised where the value is found, given its path on the way up, so that encoding
 * carries no path while all is well.
 */
export class InvalidValue extends Error {
  /** Grows at its front: `price`, `[3].price`, `items[3].price`. */
  path = '';

  constructor(
    readonly expected: string,
    readonly value: unknown,
  ) {
    super(expected);
  }

  /** Puts a field's name, or `[key]`, in front of the path. */
  within(segment: string): this {
    const joint = this.path === '' || this.path.startsWith('[') ? '' : '.';
    this.path = segment + joint + this.path;
    return this;
  }
}

/** Adds `segment` to the path of a {@link InvalidValue}; other errors (a getter of the user's that throws) stay as they are. */
export function locate(error: unknown, segment: string): unknown {
  return error instanceof InvalidValue ? error.within(segment) : error;
}

function shorten(path: string): string {
  if (path.length <= MAX_PATH_CHARACTERS) return path;
  const half = MAX_PATH_CHARACTERS / 2;
  return `${path.slice(0, half)}…${path.slice(-half)}`;
}
