import { CONTROL_CHARACTERS } from '../protocol/core/control-characters.js';
import { jsonText } from './json/json-text.js';

/**
 * `text` on one line, without what controls a terminal or shows text in another order: a peer chose it, and must not forge
 * lines or hide some. Such characters are written as in JSON: `\n`, `\u001b`.
 */
export function plainText(text: string): string {
  return text.replace(CONTROL_CHARACTERS, (character) => {
    const json = JSON.stringify(character).slice(1, -1);
    // JSON leaves those above 7E as they are.
    return json === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : json;
  });
}

/** As {@link plainText}, of text with lines of its own. */
export function plainLines(text: string): string {
  return text.split('\n').map(plainText).join('\n');
}

/** `value` as JSON on one line. What controls a terminal is escaped in it, which is the same JSON. */
export function plainJson(value: unknown): string {
  return plainText(jsonText(value));
}
