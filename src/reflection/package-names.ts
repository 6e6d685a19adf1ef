import type protobuf from 'protobufjs';
import { componentsOf } from './components.js';
import { editionOf, outermostOf } from '../schema/codec/editions.js';
import { definitionsIn, packageOf, typesIn } from './definitions.js';
import type { FileNameOf } from './describe-root.js';
import { wellKnownName } from './well-known-name.js';

/** What is in one package, of one edition: a file has one of each. */
interface Group {
  readonly package: string;
  readonly edition: string;
  readonly definitions: protobuf.ReflectionObject[];
}

/**
 * Names files for the definitions of a root that come without one. Each package is a file, named after it. Where it has
 * definitions of several editions it is one for each (`shop-proto2.proto`). Packages that refer to each other would be
 * files that import each other, which cannot be: they get one for each definition (`shop.Order.proto`), or for
 * definitions that refer to each other, since those were in one file.
 */
export function namesByPackage(root: protobuf.Root): FileNameOf {
  const groups = groupsIn([...definitionsIn(root)].filter((each) => !each.filename && !wellKnownName(each)));
  const groupOf = new Map(groups.flatMap((group) => group.definitions.map((each) => [each, group] as const)));
  const referred = (definition: protobuf.ReflectionObject): protobuf.ReflectionObject[] =>
    [...typesIn(definition)].map(outermostOf);
  const groupsReferred = ({ definitions }: Group): Group[] =>
    definitions.flatMap(referred).flatMap((each) => groupOf.get(each) ?? []);
  const cycles = componentsOf(groups, groupsReferred);
  const together = componentsOf([...groupOf.keys()], referred);

  const names = new Map<protobuf.ReflectionObject, string>();
  const taken = new Set<string>();
  const take = (wanted: string, definitions: readonly protobuf.ReflectionObject[]): void => {
    let name = `${wanted}.proto`;
    // A package may be named `root`.
    while (taken.has(name)) name = `other/${name}`;
    taken.add(name);
    for (const each of definitions) names.set(each, name);
  };
  for (const group of groups) {
    const path = group.package.replaceAll('.', '/') || 'root';
    const isAlone = cycles.get(group)?.length === 1;
    const isWhole = !groups.some((each) => each !== group && each.package === group.package);
    if (isAlone) take(isWhole ? path : `${path}-${group.edition}`, group.definitions);
    for (const definition of isAlone ? [] : group.definitions) {
      if (names.has(definition)) continue;
      // No file has parts in two packages: what has them anyway keeps its cycle.
      const inOneFile = together.get(definition)?.filter((each) => groupOf.get(each) === group) ?? [];
      take(`${path}.${definition.name}`, inOneFile);
    }
  }
  return (definition) => wellKnownName(definition) ?? (names.get(definition) as string);
}

function groupsIn(definitions: readonly protobuf.ReflectionObject[]): Group[] {
  const groups = new Map<string, Group>();
  for (const each of definitions) {
    const [scope, edition] = [packageOf(each), editionOf(each)];
    const key = `${scope} ${edition}`;
    const group = groups.get(key) ?? { package: scope, edition, definitions: [] };
    groups.set(key, group);
    group.definitions.push(each);
  }
  return [...groups.values()];
}
