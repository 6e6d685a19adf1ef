import * as path from 'node:path';
import { includeDirsOf } from '../schema/sources/include-dirs.js';
import type { SchemaOptions } from '../schema/schema.js';
import type { FileNameOf } from './describe-root.js';
import { namesByPackage } from './package-names.js';
import { WELL_KNOWN_FOLDER } from './well-known-name.js';

/**
 * Names files as their imports do, which `importNames` has by file; one that is not imported relative to the folder of
 * `includeDirs` that it is in, or to that of a file of `protoPath`. No name tells where the files are on this machine.
 */
export function namesOfFiles(
  { protoPath, loader }: SchemaOptions,
  importNames: ReadonlyMap<string, string> = new Map(),
): FileNameOf {
  const dirs = includeDirsOf(loader?.includeDirs).map(({ prefix, folder }) => ({
    prefix,
    folder: path.resolve(folder),
  }));
  const own = [protoPath ?? []].flat().map((file) => ({ prefix: '', folder: path.dirname(path.resolve(file)) }));
  const places = [...dirs, ...own];
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const take = (file: string, name: string): string => {
    names.set(file, name);
    taken.add(name);
    return name;
  };
  for (const [file, written] of importNames) {
    const name = path.posix.normalize(written);
    // An import may lead out of the folder, and relative imports from two folders may have one name for two files.
    if (isInside(name) && !taken.has(name)) take(file, name);
  }
  let byPackage: FileNameOf | undefined;
  return (definition) => {
    const { filename } = definition;
    const ofPackage = filename ? undefined : (byPackage ??= namesByPackage(definition.root))(definition);
    if (ofPackage?.startsWith(WELL_KNOWN_FOLDER)) return ofPackage;
    // A JSON schema has no files: its packages are told from them by a key that is no path.
    const file = filename || `package:${ofPackage}`;
    const known = names.get(file);
    if (known !== undefined) return known;
    let name = ofPackage ?? nameIn(places, file);
    while (taken.has(name)) name = `other/${name}`;
    return take(file, name);
  };
}

function nameIn(places: readonly { prefix: string; folder: string }[], file: string): string {
  const at = file.lastIndexOf(WELL_KNOWN_FOLDER);
  // As protobufjs takes it, whichever folder it is in.
  if (at >= 0) return file.slice(at);
  for (const { prefix, folder } of places) {
    const inside = path.relative(folder, file);
    if (inside !== '' && isInside(inside)) return prefix + inside.split(path.sep).join('/');
  }
  return path.basename(file);
}

function isInside(relative: string): boolean {
  return !relative.startsWith('..') && !path.isAbsolute(relative);
}
