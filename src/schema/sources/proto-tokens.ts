/** A token of a .proto file's text, with the offsets of its beginning and of what follows it. */
export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Comments, strings, the words that protobufjs's parser makes (but a comment ends them) and single characters. */
const PIECE =
  /\/\/[^\n]*|\/\*(?:[^]*?\*\/|[^]*)|"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'|(?:(?!\/[/*])[^\s{}=;:[\],'"()<>])+|\S/g;
const COMMENT = /^(?:\/\/|\/\*[^]*\*\/$)/;

/** The tokens of a .proto file, without its comments. A comment that does not end is one token. */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  for (const { 0: text, index: start } of source.matchAll(PIECE)) {
    if (!COMMENT.test(text)) tokens.push({ text, start, end: start + text.length });
  }
  return tokens;
}

/** The text with blanks in the place of its comments: lines and columns stay. */
export function withoutComments(source: string): string {
  return source.replace(PIECE, (text) => (COMMENT.test(text) ? text.replace(/[^\r\n]/g, ' ') : text));
}

/** Where something stands in a text; both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The line and the column of an offset in a text. */
export function placeAt(source: string, offset: number): Place {
  const before = source.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/** A piece of a text, and what stands in its place in another. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}
