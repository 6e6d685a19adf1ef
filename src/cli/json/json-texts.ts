import { textOf } from './utf8.js';

/** What is wrong with a file, or a standard input, without any. */
export const NO_REQUEST = 'no request was given; an empty one is {}';

/** One JSON value of a stream. */
export interface JsonText {
  readonly text: string;
  /** The line on which it begins, from 1. */
  readonly line: number;
}

/**
 * Cuts a stream into JSON values as they become complete: one on a line, several on one, or one over many lines. What is
 * no JSON is passed on as one text up to the next white space, so that the parser's error names it.
 *
 * Bytes are looked at as characters of latin1: all that JSON's structure is made of is ASCII, of which no byte is part of
 * another character in UTF-8. So each value's bytes are decoded, and checked, on their own.
 */
export class JsonTexts {
  #text = '';
  /** How far `#text` has been looked at. */
  #at = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #started = false;
  #line = 1;
  #startLine = 1;

  /** Takes the next bytes; gives the values that they complete. */
  *push(chunk: Uint8Array): Iterable<JsonText> {
    yield* this.#scan(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1'));
  }

  /** The end of the stream: gives what ends only there. What is incomplete is in {@link rest}. */
  *end(): Iterable<JsonText> {
    if (this.#started && this.#depth === 0 && !this.#inString) yield* this.#take(this.#text.length);
  }

  /** What has begun and is not complete. */
  get rest(): JsonText | undefined {
    return this.#started ? { text: decoded(this.#text), line: this.#startLine } : undefined;
  }

  *#scan(more: string): Iterable<JsonText> {
    this.#text += more;
    while (this.#at < this.#text.length) {
      const c = this.#text.charAt(this.#at);
      if (!this.#started) {
        this.#at++;
        if (isSpace(c)) {
          if (c === '\n') this.#line++;
          this.#text = this.#text.slice(this.#at);
          this.#at = 0;
          continue;
        }
        this.#started = true;
        this.#startLine = this.#line;
        this.#at--;
      }
      const done = this.#step(c);
      // White space that ends a value is looked at once more.
      if (done !== undefined) yield* this.#take(done);
      else if (c === '\n') this.#line++;
    }
  }

  /** Looks at one character; returns the end of the value where that is complete. */
  #step(c: string): number | undefined {
    const at = this.#at++;
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (c === '\\') this.#escaped = true;
      else if (c === '"') {
        this.#inString = false;
        if (this.#depth === 0) return at + 1;
      }
      return undefined;
    }
    if (c === '"') this.#inString = true;
    else if (c === '{' || c === '[') this.#depth++;
    else if (c === '}' || c === ']') {
      this.#depth = Math.max(0, this.#depth - 1);
      if (this.#depth === 0) return at + 1;
    } else if (this.#depth === 0 && isSpace(c)) return at;
    return undefined;
  }

  *#take(end: number): Iterable<JsonText> {
    const text = decoded(this.#text.slice(0, end));
    this.#text = this.#text.slice(end);
    this.#at = 0;
    this.#depth = 0;
    this.#inString = false;
    this.#started = false;
    if (text !== '') yield { text, line: this.#startLine };
  }
}

/** White space of JSON. */
function isSpace(c: string): boolean {
  return c === ' ' || c === '\n' || c === '\r' || c === '\t';
}

/** The text of bytes, without the byte order mark that some editors put before it. */
function decoded(latin1: string): string {
  return textOf(Buffer.from(latin1, 'latin1')).replace(/^\ufeff/, '');
}
