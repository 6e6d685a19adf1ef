import { isUtf8 } from 'node:buffer';

/** U+FFFD in UTF-8, as characters of latin1. */
const REPLACEMENT = '\xef\xbf\xbd';

/** Half of a pair of UTF-16, which is no character of its own. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** True for text that UTF-8 can say, which is what strings of messages hold. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/**
 * Text in UTF-8. Bytes that are none become lone surrogates, which no valid text has: whoever looks at a value of that text
 * sees that it is not well-formed, and knows where it stands.
 */
export function textOf(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  // Decoding puts U+FFFD in the place of such bytes. Those that were sent are left out of it.
  const parts = bytes.toString('latin1').split(REPLACEMENT);
  const marked = parts.map((part) => Buffer.from(part, 'latin1').toString('utf8').replaceAll('\ufffd', '\udc80'));
  return marked.join('\ufffd');
}
