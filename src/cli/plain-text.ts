/** C0, DEL and C1, the two line ends that only Unicode knows, and what turns the direction of text around. */
// eslint-disable-next-line no-control-regex -- control characters are what it is about
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * `text` on one line, without what controls a terminal or shows text in another order: a peer chose it, and must not forge
 * lines or hide some. Such characters are written as in JSON: `\n`, `\u001b`.
 */
export function plainText(text: string): string {
  return text.replace(CONTROL, (character) => {
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
  return plainText(JSON.stringify(value));
}
