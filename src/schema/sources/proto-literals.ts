/** What one character behind a backslash stands for, in .proto files and in a descriptor's `default_value`. */
const SINGLE: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };
const ESCAPE = /\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))/g;

/**
 * The bytes of a string literal's text (what is between the quotes). An octal or hexadecimal escape is one byte, so that
 * several can make one character; all else is UTF-8.
 */
export function literalBytes(text: string): Buffer {
  const parts: Buffer[] = [];
  let end = 0;
  for (const match of text.matchAll(ESCAPE)) {
    const [whole, octal, hex, short, long, single = ''] = match;
    parts.push(Buffer.from(text.slice(end, match.index)));
    end = match.index + whole.length;
    if (octal !== undefined) parts.push(Buffer.of(parseInt(octal, 8) & 0xff));
    else if (hex !== undefined) parts.push(Buffer.of(parseInt(hex, 16)));
    else if (short !== undefined || long !== undefined) parts.push(codePoint(parseInt(short ?? long ?? '', 16)));
    else parts.push(Object.hasOwn(SINGLE, single) ? Buffer.of(SINGLE[single] as number) : Buffer.from(single));
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(end))]);
}

function codePoint(value: number): Buffer {
  return Buffer.from(value <= 0x10ffff ? String.fromCodePoint(value) : '\ufffd');
}

const WIDE_ESCAPE = /\\(?:[uU]|[xX][89a-fA-F]|[23][0-7]{2})/;

/** True for a text with an escape that protobufjs's parser does not know (`\u`), or takes for a character (a byte of several). */
export function hasWideEscape(text: string): boolean {
  return WIDE_ESCAPE.test(text);
}

/** A literal, with its quotes, in which escapes are the characters that they stand for; the same where they make none. */
export function unescapedLiteral(literal: string): string {
  const bytes = literalBytes(literal.slice(1, -1));
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes)) return literal;
  const quote = literal.charAt(0);
  const escaped = text.replace(/[\\"'\r\n]/g, (single) => {
    if (single === '\n') return '\\n';
    return single === '\r' ? '\\r' : `\\${single}`;
  });
  return quote + escaped + quote;
}

/** An integer literal in decimal, whatever its base: `0x10`, `017` and `-5` are `16`, `15` and `-5`. */
export function decimalOf(literal: string): string {
  const digits = literal.replace(/^-/, '');
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return String(literal.startsWith('-') ? -value : value);
}
