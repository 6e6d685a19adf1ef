/** What a value that streams may have. */
interface StreamShape {
  subscribe?: unknown;
  next?: unknown;
  [Symbol.asyncIterator]?: unknown;
  [Symbol.iterator]?: unknown;
}

/**
 * What a value is that gives messages one after the other, in words (`an Observable`, `an async generator`); undefined for
 * everything else. Such a value has no fields, so that in the place of a message it would travel as an empty one.
 * Not for arrays and Maps: the codecs refuse them.
 */
export function streamKind(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  // Most messages, spared the look-ups; the codecs refuse a literal that only looks like an empty message.
  if (Object.getPrototypeOf(value) === Object.prototype) return undefined;
  const shape = value as StreamShape;
  if (typeof shape.subscribe === 'function') return 'an Observable';
  if (shape[Symbol.asyncIterator] !== undefined) return inWords(value, 'an AsyncIterable');
  // Bytes are iterable, too, and a message of some codecs: an iterator has a `next` besides.
  if (typeof shape.next === 'function' && shape[Symbol.iterator] !== undefined) return inWords(value, 'an iterator');
  return undefined;
}

function inWords(value: object, other: string): string {
  switch (Object.prototype.toString.call(value)) {
    case '[object AsyncGenerator]':
      return 'an async generator';
    case '[object Generator]':
      return 'a generator';
    default:
      return other;
  }
}
