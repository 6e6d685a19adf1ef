import protobuf from 'protobufjs';
import { definitionOf, type DefinitionSource } from '../schema/definition-source.js';
import type { SchemaOptions } from '../schema/schema.js';
import { bytesOfSet } from '../schema/sources/descriptor-objects.js';
import { ProtoFiles } from '../schema/sources/proto-files.js';
import type { ServedSchema } from '../transport/binding/served-schema.js';
import { DescriptorPool } from './descriptor-pool.js';
import { describeRoot, type FileNameOf } from './describe-root.js';
import { namesOfFiles } from './file-names.js';
import { filesOfSet } from './files-of-set.js';
import { knownFile, namesBeside } from './names-beside.js';
import { namesByPackage } from './package-names.js';

/**
 * The files that define what a server serves. What came as a FileDescriptorSet, or with generated code, is taken as it
 * is; .proto files are read again, since messages may have other names than the fields in them. `warn` is told of what
 * cannot be described beside the rest.
 */
export function describeServed({ options, services }: ServedSchema, warn?: (line: string) => void): DescriptorPool {
  const pool = new DescriptorPool(warn);
  const sources: DefinitionSource[] = [{ kind: 'options', options }];
  for (const service of services) {
    const source = definitionOf(service);
    if (source) sources.push(source);
  }
  const all = sources.flatMap(partsOf);
  const done = new Set<unknown>();
  // What is exact comes first: what is made gives way to it, in its names and in what it defines.
  for (const rank of [0, 1]) {
    for (const part of all.filter((each) => each.rank === rank)) {
      if (done.has(part.key)) continue;
      done.add(part.key);
      for (const file of part.files(pool)) pool.add(file);
    }
  }
  return pool;
}

/** Files from one place. */
interface Part {
  /** Equal for one place that several services name. */
  readonly key: unknown;
  /** 0: the files are as they were given. 1: they are made of what was read. */
  readonly rank: 0 | 1;
  /** Those that are added to a pool: without what it defines already. */
  readonly files: (pool: DescriptorPool) => readonly Uint8Array[];
}

function partsOf(source: DefinitionSource): Part[] {
  switch (source.kind) {
    case 'files':
      return [{ key: source, rank: 0, files: source.files }];
    case 'text':
      return [{ key: source.text, rank: 1, files: (pool) => filesOfText(pool, source.name, source.text) }];
    case 'options':
      return partsOfOptions(source.options);
  }
}

function partsOfOptions(options: SchemaOptions): Part[] {
  const parts: Part[] = [];
  const { fileDescriptorSet: set, protoPath, loader, root } = options;
  if (set !== undefined && set !== null) parts.push({ key: set, rank: 0, files: () => filesOfSet(bytesOfSet(set)) });
  const paths = [protoPath ?? []].flat();
  if (paths.length > 0) {
    const key = JSON.stringify([paths, loader?.includeDirs]);
    parts.push({ key, rank: 1, files: (pool) => filesOfPaths(pool, paths, options) });
  }
  if (root !== undefined && root !== null) {
    parts.push({ key: root, rank: 1, files: (pool) => filesOfRoot(pool, root) });
  }
  return parts;
}

function filesOfPaths(pool: DescriptorPool, paths: readonly string[], options: SchemaOptions): readonly Uint8Array[] {
  const files = new ProtoFiles({ ...options.loader, keepCase: true });
  const root = files.load(paths);
  return describeBeside(pool, root, namesOfFiles(options, files.importNames));
}

function filesOfText(pool: DescriptorPool, name: string, text: string): readonly Uint8Array[] {
  const { root } = protobuf.parse(text, { keepCase: true });
  root.resolveAll();
  return describeBeside(pool, root, () => name);
}

/** A root of another copy of protobufjs, or its JSON: as {@link SchemaOptions.root}, it has been loaded once. */
function filesOfRoot(pool: DescriptorPool, source: NonNullable<SchemaOptions['root']>): readonly Uint8Array[] {
  const { toJSON } = source as { toJSON?: () => object };
  const json = typeof toJSON === 'function' ? toJSON.call(source) : source;
  const root = protobuf.Root.fromJSON(json);
  root.resolveAll();
  return describeBeside(pool, root, namesByPackage(root));
}

function describeBeside(pool: DescriptorPool, root: protobuf.Root, nameOf: FileNameOf): Uint8Array[] {
  return describeRoot(root, namesBeside(pool, root, nameOf), (each) => knownFile(pool, each) !== undefined);
}
