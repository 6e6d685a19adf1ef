/**
 * A field in lowerCamelCase, or `*` for all of them, and what is in it. Names have no underscore: `foo_bar` would come back
 * as `fooBar`. Behind the first point there may also be the keys of a map, as in containerd's `labels.example.com/some-key`.
 */
const PATH = /^([a-z][a-z\d]*|\*)(\.[^\s,._]+)*$/i;

/** The paths of a google.protobuf.FieldMask, in snake_case; undefined where `json` is no form of any. */
export function pathsOfMask(json: string): string[] | undefined {
  const text = json.trim();
  if (text === '') return [];
  const paths = text.split(',');
  return paths.every((path) => PATH.test(path)) ? paths.map(snakeCase) : undefined;
}

/** The paths in JSON; undefined where others would come back, such as of `fooBar` or `foo__bar`. */
export function maskOfPaths(paths: readonly string[]): string | undefined {
  const json = paths.map(camelCase).join(',');
  const back = pathsOfMask(json);
  return back?.length === paths.length && back.every((path, at) => path === paths[at]) ? json : undefined;
}

function snakeCase(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camelCase(path: string): string {
  return path.replace(/_([a-z])/g, (_whole, letter: string) => letter.toUpperCase());
}
