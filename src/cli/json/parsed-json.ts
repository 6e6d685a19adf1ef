import { exactInteger } from './exact-integer.js';
import { JsonMismatch } from './json-mismatch.js';
import { setOwnProperty } from './own-property.js';

/**
 * The value of a JSON text; an integer beyond those that numbers hold exactly is a bigint, also one with an exponent.
 * JSON.parse rounds those, and takes the last of two equal keys, of which ProtoJSON knows nothing.
 * @throws SyntaxError for what is no JSON, JsonMismatch for a key that is given twice and for what is nested too deep
 */
export function parsedJson(text: string): unknown {
  const parsed = { json: JSON.parse(text) as unknown };
  for (const { places, value } of scanned(text)) {
    let holder: object = parsed;
    for (const place of ['json', ...places].slice(0, -1)) holder = holder[place as keyof typeof holder];
    setOwnProperty(holder, String(places.at(-1) ?? 'json'), value);
  }
  return parsed.json;
}

/** An integer, and the keys and indices that lead to it. */
interface LargeInteger {
  readonly places: readonly (string | number)[];
  readonly value: bigint;
}

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const DIGITS = /^-?\d+$/;

/** More digits than any integer of a field has, but few enough to name it: longer ones stay as JSON.parse makes them. */
const MAX_DIGITS = 40;

/**
 * Objects and arrays within each other. The conversion calls itself for each of them, and the stack would end at some
 * thousands; a message has 100 levels, each at most two here.
 */
const MAX_LEVELS = 1000;
const TOO_DEEP = `nested too deep: more than ${MAX_LEVELS} objects and arrays within each other`;

/** An object or an array in which the scan is. */
interface Level {
  /** The keys so far; undefined in an array. */
  readonly keys: Set<string> | undefined;
  /** The last key, or the index. */
  place: string | number;
  isKeyNext: boolean;
}

/**
 * The integers in `text`, which is valid JSON, that are too large for numbers.
 * @throws JsonMismatch with the path of the first key that stands twice in an object, or of what is nested too deep
 */
function scanned(text: string): LargeInteger[] {
  const found: LargeInteger[] = [];
  const levels: Level[] = [];
  let level: Level | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    switch (character) {
      case '{':
      case '[':
        level =
          character === '{'
            ? { keys: new Set(), place: '', isKeyNext: true }
            : { keys: undefined, place: 0, isKeyNext: false };
        // The whole path would be as long as that is deep.
        if (levels.push(level) > MAX_LEVELS) throw new JsonMismatch(pathOf(levels.slice(0, 1)), TOO_DEEP);
        break;
      case '}':
      case ']':
        levels.pop();
        level = levels.at(-1);
        break;
      case ',':
        if (typeof level?.place === 'number') level.place++;
        else if (level) level.isKeyNext = true;
        break;
      case '"': {
        const start = at;
        at = endOfString(text, at);
        if (!level?.keys || !level.isKeyNext) break;
        const key = JSON.parse(text.slice(start, at + 1)) as string;
        level.place = key;
        if (level.keys.has(key)) throw new JsonMismatch(pathOf(levels), 'given twice');
        level.keys.add(key);
        level.isKeyNext = false;
        break;
      }
      default: {
        if (character !== '-' && (character < '0' || character > '9')) break;
        NUMBER.lastIndex = at;
        const [number = ''] = NUMBER.exec(text) ?? [];
        at += number.length - 1;
        const value = largeInteger(number);
        if (value !== undefined) found.push({ places: levels.map(({ place }) => place), value });
      }
    }
  }
  return found;
}

/** The value of a number that is an integer and may have been rounded. */
function largeInteger(number: string): bigint | undefined {
  const rounded = Number(number);
  if (!Number.isInteger(rounded) || Number.isSafeInteger(rounded)) return undefined;
  return number.length <= MAX_DIGITS && DIGITS.test(number) ? BigInt(number) : exactInteger(number);
}

/** Where the quote stands that ends the string which begins at `start`. Strings may be megabytes of base64. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text.charAt(first - 1) === '\\') first--;
    if ((end - first) % 2 === 0) return end;
  }
}

function pathOf(levels: readonly Level[]): string {
  const path = levels.map(({ place }) =>
    typeof place === 'string' && /^\w+$/.test(place) ? `.${place}` : `[${JSON.stringify(place)}]`,
  );
  return path.join('').replace(/^\./, '');
}
