import { JsonMismatch } from './json-mismatch.js';

/**
 * The value of a JSON text. JSON.parse takes the last of two equal keys and says nothing; ProtoJSON knows no such message.
 * @throws SyntaxError for what is no JSON, JsonMismatch with the path of a key that is given twice
 */
export function parsedJson(text: string): unknown {
  const json = JSON.parse(text) as unknown;
  const path = duplicateIn(text);
  if (path !== undefined) throw new JsonMismatch(path, 'given twice');
  return json;
}

/** An object or an array in which the scan is. */
interface Level {
  /** The keys so far; undefined in an array. */
  readonly keys: Set<string> | undefined;
  /** The last key, or the index. */
  place: string | number;
  isKeyNext: boolean;
}

/** The path of the first key that stands twice in an object. `text` is valid JSON. */
function duplicateIn(text: string): string | undefined {
  const levels: Level[] = [];
  let level: Level | undefined;
  for (let at = 0; at < text.length; at++) {
    switch (text.charAt(at)) {
      case '{':
        levels.push((level = { keys: new Set(), place: '', isKeyNext: true }));
        break;
      case '[':
        levels.push((level = { keys: undefined, place: 0, isKeyNext: false }));
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
        if (level.keys.has(key)) return pathOf(levels);
        level.keys.add(key);
        level.isKeyNext = false;
      }
    }
  }
  return undefined;
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
