import protobuf from 'protobufjs';
import { definitionOf, type DefinitionSource } from '../schema/definition-source.js';
import type { FileDescriptorSetObject, SchemaOptions } from '../schema/schema.js';
import { bytesOfSet } from '../schema/sources/descriptor-objects.js';
import { ProtoFiles } from '../schema/sources/proto-files.js';
import type { ServedSchema } from '../transport/binding/served-schema.js';
import { DescriptorPool } from './descriptor-pool.js';
import { describeRoot } from './describe-root.js';
import { namesOfFiles } from './file-names.js';
import { filesOfSet } from './files-of-set.js';
import { namesByPackage } from './package-names.js';

/**
 * The files that define what a server serves. What came as a FileDescriptorSet, or with generated code, is taken as it
 * is; .proto files are read again, since messages may have other names than the fields in them.
 */
export function describeServed({ options, services }: ServedSchema): DescriptorPool {
  const pool = new DescriptorPool();
  const sources: DefinitionSource[] = [{ kind: 'options', options }];
  for (const service of services) {
    const source = definitionOf(service);
    if (source) sources.push(source);
  }
  const all = sources.flatMap(partsOf);
  const done = new Set<unknown>();
  // What is exact comes first: of two files of one name the first counts.
  for (const rank of [0, 1]) {
    for (const part of all.filter((each) => each.rank === rank)) {
      if (done.has(part.key)) continue;
      done.add(part.key);
      for (const file of part.files()) pool.add(file);
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
  readonly files: () => readonly Uint8Array[];
}

function partsOf(source: DefinitionSource): Part[] {
  switch (source.kind) {
    case 'files':
      return [{ key: source, rank: 0, files: source.files }];
    case 'text':
      return [{ key: source.text, rank: 1, files: () => filesOfText(source.name, source.text) }];
    case 'options':
      return partsOfOptions(source.options);
  }
}

function partsOfOptions(options: SchemaOptions): Part[] {
  const parts: Part[] = [];
  const { fileDescriptorSet: set, protoPath, loader, root } = options;
  if (set !== undefined && set !== null) parts.push({ key: set, rank: 0, files: () => filesOf(set) });
  const paths = [protoPath ?? []].flat();
  if (paths.length > 0) {
    const key = JSON.stringify([paths, loader?.includeDirs]);
    parts.push({ key, rank: 1, files: () => filesOfPaths(paths, options) });
  }
  if (root !== undefined && root !== null) {
    parts.push({ key: root, rank: 1, files: () => filesOfRoot(root) });
  }
  return parts;
}

function filesOfPaths(paths: readonly string[], options: SchemaOptions): readonly Uint8Array[] {
  const files = new ProtoFiles({ ...options.loader, keepCase: true });
  const root = files.load(paths);
  return describeRoot(root, namesOfFiles(options, files.importNames));
}

function filesOf(set: Uint8Array | FileDescriptorSetObject): readonly Uint8Array[] {
  return filesOfSet(ArrayBuffer.isView(set) ? set : bytesOfSet(set));
}

function filesOfText(name: string, text: string): readonly Uint8Array[] {
  const { root } = protobuf.parse(text, { keepCase: true });
  root.resolveAll();
  return describeRoot(root, () => name);
}

/** A root of another copy of protobufjs, or its JSON: as {@link SchemaOptions.root}, it has been loaded once. */
function filesOfRoot(source: NonNullable<SchemaOptions['root']>): readonly Uint8Array[] {
  const { toJSON } = source as { toJSON?: () => object };
  const json = typeof toJSON === 'function' ? toJSON.call(source) : source;
  const root = protobuf.Root.fromJSON(json);
  root.resolveAll();
  return describeRoot(root, namesByPackage(root));
}
