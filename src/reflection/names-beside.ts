import protobuf from 'protobufjs';
import { definitionsIn, describedName, packageOf } from './definitions.js';
import type { FileNameOf } from './describe-root.js';
import type { DescribedFile, DescriptorPool } from './descriptor-pool.js';

/**
 * Names the files of one more root for a pool. What the pool defines already is in the pool's file, which the others
 * then import; a file whose name another has there gets one that is free.
 */
export function namesBeside(pool: DescriptorPool, root: protobuf.Root, nameOf: FileNameOf): FileNameOf {
  const wanted = new Set<string>();
  for (const each of definitionsIn(root)) if (!knownFile(pool, each)) wanted.add(nameOf(each));
  const names = new Map<string, string>();
  const taken = new Set(wanted);
  for (const name of wanted) {
    let free = name;
    while (pool.file(free) || (free !== name && taken.has(free))) free = `other/${free}`;
    taken.add(free);
    names.set(name, free);
  }
  return (definition) => {
    const known = knownFile(pool, definition);
    if (known) return known.name;
    const name = nameOf(definition);
    return names.get(name) ?? name;
  };
}

/** The file of a pool that defines an object which stands in a package itself. */
export function knownFile(pool: DescriptorPool, definition: protobuf.ReflectionObject): DescribedFile | undefined {
  const name = definition instanceof protobuf.Field ? describedName(definition) : definition.name;
  const scope = packageOf(definition);
  return pool.fileOfSymbol(scope ? `${scope}.${name}` : name);
}
