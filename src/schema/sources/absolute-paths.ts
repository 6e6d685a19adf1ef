import { statSync } from 'node:fs';
import * as path from 'node:path';
import type { SchemaOptions } from '../schema.js';
import { includeDirsOf, placesOf } from './include-dirs.js';

/**
 * The options of a schema that has been loaded, with the paths of the files that it was read from: the working directory
 * may be another one when they are read again.
 */
export function withAbsolutePaths<T extends SchemaOptions>(options: T): T {
  const { protoPath, loader } = options;
  const names = [protoPath ?? []].flat();
  if (names.length === 0) return options;
  const dirs = includeDirsOf(loader?.includeDirs).map(({ prefix, folder }) => ({
    prefix,
    folder: path.resolve(folder),
  }));
  return {
    ...options,
    // What is nowhere is among the files that come with this library.
    protoPath: names.map((name) => placesOf(dirs, name, '.').find(isFile) ?? name),
    loader: {
      ...loader,
      includeDirs: dirs.map(({ prefix, folder }) => (prefix === '' ? folder : { [prefix]: folder })),
    },
  };
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}
