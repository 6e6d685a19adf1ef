/** Of C0, DEL and C1, and the two line ends that only Unicode knows. */
// eslint-disable-next-line no-control-regex -- control characters are what it is about
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/**
 * `text` on one line, without what controls a terminal: a peer chose it, and must not forge lines or hide some. Control
 * characters are written as in JSON: `\n`, `\u001b`.
 */
export function plainText(text: string): string {
  return text.replace(CONTROL, (character) => {
    const json = JSON.stringify(character).slice(1, -1);
    // JSON leaves those above 7E as they are.
    return json === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : json;
  });
}
