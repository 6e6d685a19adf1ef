import { isWellFormed } from './utf8.js';

/** A JSON value that does not fit its type, or a value that has no form in JSON; `path` leads to it (`items[2].name`), empty for the message itself. */
export class JsonMismatch extends Error {
  override readonly name = 'JsonMismatch';

  constructor(
    readonly path: string,
    private readonly what: string,
  ) {
    super(path === '' ? what : `${path}: ${what}`);
  }

  /** The same within a field or an item: `name` or `[2]`. */
  within(place: string): JsonMismatch {
    const isDirect = this.path === '' || this.path.startsWith('[');
    return new JsonMismatch(`${place}${isDirect ? '' : '.'}${this.path}`, this.what);
  }
}

/** The error of `value`, which is at `path`. */
export function mismatch(path: string, expected: string, value: unknown): JsonMismatch {
  return new JsonMismatch(path, `expected ${expected}, got ${show(value)}`);
}

/** A value as JSON, in short. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  // JSON.parse makes it of a number that is too large; JSON would have null for it.
  if (value === Infinity || value === -Infinity) return `a number beyond ${value < 0 ? '-' : ''}1.8e308`;
  if (typeof value === 'bigint') return String(value);
  const text = JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** The path of a key in what is at `path`. */
export function within(path: string, key: string): string {
  const name = isWellFormed(key) ? key : show(key);
  return path === '' ? name : `${path}.${name}`;
}
