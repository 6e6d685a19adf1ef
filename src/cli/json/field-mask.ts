/** The paths of a google.protobuf.FieldMask, in snake_case; undefined where `json` is no form of any. */
export function pathsOfMask(json: string): string[] | undefined {
  // Names in lowerCamelCase have no underscore: `foo_bar` would come back as `fooBar`.
  if (json.includes('_')) return undefined;
  return json === '' ? [] : json.split(',').map(snakeCase);
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
