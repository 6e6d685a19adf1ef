import { groupEdits } from './groups.js';
import { hasWideEscape, unescapedLiteral } from './proto-literals.js';
import { tokensOf, type Edit, type Token } from './proto-tokens.js';

/** A file in which none of this is, nor a wide escape, comments included, is parsed as it is. */
const MAY_NEED_EDITS = /\bgroup\b|(?:[=:,[]|\*\/)\s*-[\s/]|\b0X|(?<!\bmap\s*)</;

/**
 * A .proto file's text in other words, where protobufjs's parser does not take or misreads it: groups, a number apart
 * from its sign, `0X`, `< >` around a message in an option, and escapes above ASCII. Lines stay where they are.
 */
export function parsableText(source: string): string {
  if (!MAY_NEED_EDITS.test(source) && !hasWideEscape(source)) return source;
  const tokens = tokensOf(source);
  const edits = [
    ...groupEdits(tokens),
    ...numberEdits(tokens, source),
    ...messageEdits(tokens),
    ...stringEdits(tokens),
  ];
  let text = '';
  let copied = 0;
  for (const edit of edits.sort((one, other) => one.start - other.start || one.end - other.end)) {
    text += source.slice(copied, edit.start) + edit.text;
    copied = edit.end;
  }
  return text + source.slice(copied);
}

/** Signs go to their numbers, and `0X` is `0x`. */
function* numberEdits(tokens: readonly Token[], source: string): Iterable<Edit> {
  for (const [at, { text, start, end }] of tokens.entries()) {
    const number = tokens[at + 1];
    if (/^-?0X[0-9a-fA-F]+$/.test(text)) yield { start, end, text: text.replace('X', 'x') };
    if (text !== '-' || !number || !/^(?:\.?\d|(?:inf|nan)$)/.test(number.text)) continue;
    yield { start, end, text: ' ' };
    // In the place of a blank, so that columns stay.
    const isBlank = source[number.start - 1] === ' ';
    yield { start: number.start - (isBlank ? 1 : 0), end: number.start, text: '-' };
  }
}

/** The text format of messages, which values of options are in, has `< >` for `{ }`. */
function* messageEdits(tokens: readonly Token[]): Iterable<Edit> {
  let depth = 0;
  for (const [at, { text, start, end }] of tokens.entries()) {
    // Nothing but a value of an option begins so.
    if (depth === 0 && (text !== '{' || tokens[at - 1]?.text !== '=')) continue;
    if (text === '{' || text === '<') depth += 1;
    if (text === '}' || text === '>') depth -= 1;
    if (text === '<') yield { start, end, text: '{' };
    if (text === '>') yield { start, end, text: '}' };
  }
}

function* stringEdits(tokens: readonly Token[]): Iterable<Edit> {
  for (const { text, start, end } of tokens) {
    if (/^["']./.test(text) && hasWideEscape(text)) yield { start, end, text: unescapedLiteral(text) };
  }
}
