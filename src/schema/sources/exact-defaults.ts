import protobuf from 'protobufjs';
import { decimalOf, literalBytes } from './proto-literals.js';
import { fieldsIn } from './proto-root.js';
import { tokensOf, type Token } from './proto-tokens.js';

/** The option under which an exact default travels through protobufjs's parser. */
const MARK = '(nestjs_ttrpc.exact_default)';

const STRING = /^["']/;
const INTEGER = /^-?(?:0[xX][0-9a-fA-F]+|\d+)$/;

/**
 * A .proto file's text in which each default that protobufjs's parser reads inexactly is there a second time, as an
 * option of ours that {@link restoreDefaults} takes. The parser makes doubles of 64-bit integers, and one character of
 * each escape in a string. Lines stay where they are. Signs must be at their numbers, as `parsableText` puts them.
 */
export function markDefaults(source: string): string {
  if (!/\bdefault\s*=/.test(source)) return source;
  let marked = '';
  let copied = 0;
  for (const { end, value } of defaultsIn(source)) {
    marked += `${source.slice(copied, end)}, ${MARK} = "${value}"`;
    copied = end;
  }
  return marked + source.slice(copied);
}

/** The defaults in a text that are integers or strings, and where each ends: `i` and a decimal, or `s` and hex bytes. */
function* defaultsIn(source: string): Iterable<{ end: number; value: string }> {
  const tokens = tokensOf(source);
  for (let at = 1; at + 2 < tokens.length; at += 1) {
    const isDefault = textAt(tokens, at) === 'default' && textAt(tokens, at + 1) === '=';
    // Not a field that is named default.
    if (!isDefault || !/^[[,]$/.test(textAt(tokens, at - 1))) continue;
    const literal = textAt(tokens, at + 2);
    if (INTEGER.test(literal)) {
      if (!/^-?0\d*[89]/.test(literal)) yield { end: endOf(tokens, at + 2), value: `i${decimalOf(literal)}` };
    } else if (STRING.test(literal)) {
      let last = at + 2;
      // Literals side by side are one string.
      while (STRING.test(textAt(tokens, last + 1))) last += 1;
      const texts = tokens.slice(at + 2, last + 1).map(({ text }) => literalBytes(text.slice(1, -1)));
      yield { end: endOf(tokens, last), value: `s${Buffer.concat(texts).toString('hex')}` };
    }
  }
}

function textAt(tokens: readonly Token[], at: number): string {
  return tokens[at]?.text ?? '';
}

function endOf(tokens: readonly Token[], at: number): number {
  return tokens[at]?.end ?? 0;
}

/** Gives the fields below `namespace`, which are not resolved yet, the defaults that {@link markDefaults} noted. */
export function restoreDefaults(namespace: protobuf.NamespaceBase): void {
  for (const field of fieldsIn(namespace)) {
    const exact = field.options?.[MARK] as unknown;
    if (field.options === undefined || typeof exact !== 'string') continue;
    delete field.options[MARK];
    if (field.parsedOptions) field.parsedOptions = field.parsedOptions.filter((option) => !Object.hasOwn(option, MARK));
    const value = exact.slice(1);
    if (exact.startsWith('i') && Object.hasOwn(protobuf.types.long, field.type)) field.options['default'] = value;
    if (!exact.startsWith('s')) continue;
    const bytes = Buffer.from(value, 'hex');
    if (field.type === 'bytes') field.options['default'] = bytes;
    if (field.type === 'string') field.options['default'] = bytes.toString();
  }
}

/**
 * Gives the bytes fields below `namespace` their defaults as bytes: descriptors have them as text with escapes, and
 * protobufjs takes text for base64 where it can.
 */
export function unescapeBytesDefaults(namespace: protobuf.NamespaceBase): void {
  for (const field of fieldsIn(namespace)) {
    const text = field.options?.['default'] as unknown;
    if (field.type !== 'bytes' || field.options === undefined || typeof text !== 'string') continue;
    const bytes = literalBytes(text);
    field.options['default'] = bytes;
    // The field has been resolved.
    field.typeDefault = bytes;
    if (!field.repeated) field.defaultValue = bytes;
  }
}
