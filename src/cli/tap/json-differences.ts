import { isDeepStrictEqual } from 'node:util';
import { ownProperty } from '../json/own-property.js';

/** A place at which two JSON values are not the same; undefined stands for what only the other one has. */
export interface JsonDifference {
  /** The names on the way, `items[0].name` or `labels["a.b"]`; empty for the whole value. */
  readonly path: string;
  readonly was: unknown;
  readonly is: unknown;
}

/** The places at which two JSON values are not the same, as deep as both have the same form. */
export function* jsonDifferences(was: unknown, is: unknown, path = ''): Generator<JsonDifference, void, undefined> {
  if (isDeepStrictEqual(was, is)) return;
  if (Array.isArray(was) && Array.isArray(is)) {
    const [before, now]: [unknown[], unknown[]] = [was, is];
    for (let at = 0; at < Math.max(before.length, now.length); at++) {
      yield* jsonDifferences(before[at], now[at], `${path}[${at}]`);
    }
  } else if (isObject(was) && isObject(is)) {
    for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
      yield* jsonDifferences(ownProperty(was, name), ownProperty(is, name), within(path, name));
    }
  } else {
    yield { path, was, is };
  }
}

/** The path of what has a name in what is at `path`. A name that is no field's, such as a key of a map with a dot, is quoted. */
export function within(path: string, name: string): string {
  if (/^$|[.[\]"\s]/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}

/** The names of all fields in a JSON value, at whatever depth. */
export function* namesIn(json: unknown): Generator<string, void, undefined> {
  if (typeof json !== 'object' || json === null) return;
  for (const [name, value] of Object.entries(json)) {
    if (!Array.isArray(json)) yield name;
    yield* namesIn(value);
  }
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
