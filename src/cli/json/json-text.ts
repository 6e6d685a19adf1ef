/** Stands for -0 until the text is made: no valid text is half of a pair of UTF-16. */
const NEGATIVE_ZERO = '\udc80-0';
const ITS_TEXT = JSON.stringify(NEGATIVE_ZERO);

/** `json` as text on one line. JSON.stringify prints -0 as 0, which is another double. */
export function jsonText(json: unknown): string {
  if (!holdsNegativeZero(json)) return JSON.stringify(json);
  const marked = JSON.stringify(json, (_key, value: unknown) => (Object.is(value, -0) ? NEGATIVE_ZERO : value));
  return marked.replaceAll(ITS_TEXT, '-0');
}

function holdsNegativeZero(json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return Object.is(json, -0);
  return Object.values(json).some(holdsNegativeZero);
}
