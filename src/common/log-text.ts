// Control characters, and the line and paragraph separators: what would let a peer's text forge lines of a log.
// eslint-disable-next-line no-control-regex -- to find them is the point
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** `text` on one line, with control characters as `\uXXXX`: for logs of what a peer may have written. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
