import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type descriptor from 'protobufjs/ext/descriptor.js';
import { descriptorTypes } from '../../src/schema/sources/descriptor-types.js';
import { ProtoFiles } from '../../src/schema/sources/proto-files.js';
import { describeRoot } from '../../src/reflection/describe-root.js';
import { namesOfFiles } from '../../src/reflection/file-names.js';
import { filesOfSet } from '../../src/reflection/files-of-set.js';

const { FileDescriptorProto } = descriptorTypes();
const PROTOS = fileURLToPath(new URL('../unit/schema/protos', import.meta.url));
const SET = fileURLToPath(new URL('../unit/schema/generated/descriptors.binpb', import.meta.url));
const FILES = ['kitchen-sink.proto', 'old.proto', 'matrix3.proto', 'matrix2.proto', 'library.proto'];

type File = descriptor.IFileDescriptorProto;

function decode(bytes: Uint8Array): File {
  return FileDescriptorProto.toObject(FileDescriptorProto.decode(bytes), { arrays: true });
}

/** What is compared: imports in any order, and neither options of files nor those that files define. */
function comparable(bytes: Uint8Array): object {
  const file = withoutOwnOptions({ ...decode(bytes), options: undefined, publicDependency: undefined }) as File;
  return { ...file, dependency: [...((file.dependency ?? []) as string[])].sort() };
}

function withoutOwnOptions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOwnOptions);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const kept = Object.entries(value).flatMap(([key, each]) => {
    if (key === 'uninterpretedOption' || key.startsWith('.')) return [];
    const inner = withoutOwnOptions(each);
    const isEmpty = key === 'options' && Object.keys(inner ?? {}).length === 0;
    return isEmpty ? [] : [[key, inner] as const];
  });
  return Object.fromEntries(kept);
}

const compiled = new Map(filesOfSet(readFileSync(SET)).map((bytes) => [decode(bytes).name, bytes]));
const protoPath = FILES.map((name) => `${PROTOS}/${name}`);
const root = new ProtoFiles({ keepCase: true }).load(protoPath);
const described = new Map(
  describeRoot(root, namesOfFiles({ protoPath })).map((bytes) => [decode(bytes).name, bytes] as const),
);

describe('the descriptors of .proto files', () => {
  it.each(FILES)('%s: as a compiler makes them', (name) => {
    const [ours, theirs] = [described.get(name), compiled.get(name)];
    if (!ours || !theirs) throw new Error(`${name} is missing`);
    expect(comparable(ours)).toEqual(comparable(theirs));
  });

  it.each(['google/protobuf/timestamp.proto', 'google/protobuf/any.proto', 'google/protobuf/struct.proto'])(
    '%s: as the one that everybody has',
    (name) => {
      const [ours, theirs] = [described.get(name), compiled.get(name)];
      if (!theirs) return;
      if (!ours) throw new Error(`${name} is missing`);
      expect(comparable(ours)).toEqual(comparable(theirs));
    },
  );

  it('import files that are there', () => {
    for (const bytes of described.values()) {
      for (const name of (decode(bytes).dependency ?? []) as string[]) expect([...described.keys()]).toContain(name);
    }
  });
});
