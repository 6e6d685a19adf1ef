import type { Readable } from 'node:stream';

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** A line of a text. */
export interface TextLine {
  readonly text: string;
  /** It ends in a line break: only the last line may have none. */
  readonly isWhole: boolean;
}

/**
 * The lines of a stream of bytes, in UTF-8. A line with more than `max` bytes ends them: the last one is then undefined, as
 * a file without line breaks must not be taken into memory.
 */
export async function* linesOf(stream: Readable, max: number): AsyncGenerator<TextLine | undefined, void, undefined> {
  let parts: Buffer[] = [];
  let length = 0;
  const take = (last: Buffer): string => {
    const line = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    parts = [];
    length = 0;
    return line.toString('utf8', 0, line.at(-1) === RETURN ? line.length - 1 : line.length);
  };
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end; (end = chunk.indexOf(NEWLINE, start)) >= 0; start = end + 1) {
      if (length + end - start > max) return yield undefined;
      yield { text: take(chunk.subarray(start, end)), isWhole: true };
    }
    if (start === chunk.length) continue;
    parts.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > max) return yield undefined;
  }
  if (length > 0) yield { text: take(Buffer.alloc(0)), isWhole: false };
}
