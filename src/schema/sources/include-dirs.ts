import * as path from 'node:path';
import { describe } from '../codec/encode/encode-error.js';
import type { IncludeDirs } from './loader-options.js';
import { SchemaError } from '../schema-error.js';

/** A folder in which files are looked up: by their whole name, or by what stands behind `prefix`. */
export interface IncludeDir {
  /** With a slash at its end; empty for a plain folder. */
  prefix: string;
  folder: string;
}

const EXPECTED = 'loader.includeDirs: expected an array of folders, or an object with a folder for each prefix';

/**
 * The folders of the option `includeDirs`, in the order in which they are searched.
 * @throws {SchemaError} for a value of another kind
 */
export function includeDirsOf(option: IncludeDirs | null | undefined): readonly IncludeDir[] {
  if (option === undefined || option === null) return [];
  if (typeof option === 'string') throw new SchemaError(`${EXPECTED}, got ${describe(option)}`);
  return (Array.isArray(option) ? (option as readonly unknown[]) : [option]).flatMap(dirsOf);
}

function dirsOf(entry: unknown): IncludeDir[] {
  if (typeof entry === 'string') return [{ prefix: '', folder: entry }];
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw new SchemaError(`${EXPECTED}, got ${describe(entry)}`);
  }
  return Object.entries(entry).map(([prefix, folder]: [string, unknown]) => {
    if (typeof folder !== 'string') {
      throw new SchemaError(`loader.includeDirs: '${prefix}': expected a folder, got ${describe(folder)}`);
    }
    return { prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`, folder };
  });
}

/** Where the file of this name may be below `dirs`. */
function candidatesIn(dirs: readonly IncludeDir[], name: string): string[] {
  return dirs
    .filter(({ prefix }) => name.startsWith(prefix))
    .map(({ prefix, folder }) => path.resolve(folder, name.slice(prefix.length)));
}

/** Where a file of this name is looked for, in the order of looking: in `dirs`, else in `folder`. */
export function placesOf(dirs: readonly IncludeDir[], name: string, folder: string): string[] {
  if (path.isAbsolute(name)) return [path.normalize(name)];
  return [...candidatesIn(dirs, name), path.resolve(folder, name)];
}
