// Anything can be thrown: an object without a prototype, a revoked Proxy, an error whose `message` or `toString` throws.
// These functions read any thrown value and never throw.

/** The text for a value that has none. */
export const UNPRINTABLE = 'a value that cannot be printed was thrown';

/** The property `key` of any value. Undefined where the value has none, and where reading it throws. */
export function readProperty(value: unknown, key: PropertyKey): unknown {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined;
  try {
    return (value as Record<PropertyKey, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** Text of whatever was thrown: an error's message, else the value itself as a string, else {@link UNPRINTABLE}. */
export function messageOf(error: unknown): string {
  const message = readProperty(error, 'message');
  if (typeof message === 'string') return message;
  try {
    return String(error);
  } catch {
    return UNPRINTABLE;
  }
}

/** The stack of an error; undefined for what has none. */
export function stackOf(error: unknown): string | undefined {
  const stack = readProperty(error, 'stack');
  return typeof stack === 'string' ? stack : undefined;
}

/** The name of an error (`TypeError`), else the `typeof` of the value. */
export function nameOf(error: unknown): string {
  const name = readProperty(error, 'name');
  return typeof name === 'string' && name !== '' ? name : typeof error;
}

/** The code of an error: a number as in a status, or a text as Node's (`ECONNRESET`). Undefined for what has none. */
export function codeOf(error: unknown): string | number | undefined {
  const code = readProperty(error, 'code');
  return typeof code === 'string' || typeof code === 'number' ? code : undefined;
}
