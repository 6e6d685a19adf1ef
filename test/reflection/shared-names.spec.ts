import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { create, createFileRegistry, fromBinary, toBinary, type FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import protobuf from 'protobufjs';
import { describeRoot } from '../../src/reflection/describe-root.js';
import { describeServed } from '../../src/reflection/describe-sources.js';
import type { DescribedFile, DescriptorPool } from '../../src/reflection/descriptor-pool.js';
import { loadSchema } from '../../src/schema/sources/load-schema.js';
import type { SchemaOptions } from '../../src/schema/schema.js';
import { TempFolder } from '../support/temp-folder.js';

let folder: TempFolder;

beforeEach(() => {
  folder = new TempFolder();
  for (const version of ['v1', 'v2']) {
    write(
      `${version}/greeter.proto`,
      `package ${version}; import "common.proto"; service Greeter { rpc Hi(common.${version}.C) returns (common.${version}.C); }`,
    );
    write(`${version}/common.proto`, `package common.${version}; message C { string ${version} = 1; }`);
  }
});

afterEach(() => {
  folder.remove();
});

function write(name: string, text: string): string {
  mkdirSync(dirname(folder.file(name)), { recursive: true });
  writeFileSync(folder.file(name), `syntax = "proto3"; ${text}`);
  return folder.file(name);
}

function rootOf(...texts: string[]): protobuf.Root {
  const root = new protobuf.Root();
  for (const text of texts) protobuf.parse(`syntax = "proto3"; ${text}`, root, { keepCase: true });
  root.resolveAll();
  return root;
}

/** A set of .proto files, by name; each definition is in the file of its package. */
function setOf(files: Record<string, string>): Uint8Array {
  const root = rootOf(...Object.values(files));
  const nameOf = (definition: protobuf.ReflectionObject): string => {
    const scope = `package ${definition.parent?.fullName.slice(1)};`;
    return Object.keys(files).find((name) => files[name]?.includes(scope)) ?? '';
  };
  const file = describeRoot(root, nameOf).map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}

interface Described {
  readonly pool: DescriptorPool;
  /** What protobuf-es reads of all that a tool gets, as it links it. */
  readonly registry: FileRegistry;
  /** The names of the files, sorted. */
  readonly names: string[];
  readonly warnings: string[];
}

/** Asks for these services, as a tool does, and links the files of them all. */
function described(options: SchemaOptions, services: string[]): Described {
  const schema = loadSchema(options);
  const warnings: string[] = [];
  const pool = describeServed({ options, services: new Set(schema.services.values()) }, (line) => warnings.push(line));
  const files = new Set<DescribedFile>();
  for (const service of services) {
    const file = pool.fileOfSymbol(service);
    if (!file) throw new Error(`${service} is not described`);
    // What others import stands before them.
    for (const each of pool.withImports(file).reverse()) {
      files.delete(each);
      files.add(each);
    }
  }
  const protos = [...files].map(({ bytes }) => fromBinary(FileDescriptorProtoSchema, bytes));
  const byName = new Map(protos.map((proto) => [proto.name, proto]));
  const registries = protos.map((proto) => createFileRegistry(proto, (name) => byName.get(name)));
  const registry = createFileRegistry(...registries);
  return { pool, registry, names: [...byName.keys()].sort(), warnings };
}

/** The field of the request of a service's only rpc. */
function fieldOf({ registry }: Described, service: string): string | undefined {
  return registry.getService(service)?.methods[0]?.input.fields[0]?.name;
}

const SERVICES = ['v1.Greeter', 'v2.Greeter'];

function expectBoth(all: Described): void {
  expect(SERVICES.map((service) => fieldOf(all, service))).toEqual(['v1', 'v2']);
}

function protoPath(version: string): string {
  return folder.file(`${version}/greeter.proto`);
}

function greeter(version: string) {
  return loadSchema({ protoPath: protoPath(version) }).resolve('Greeter');
}

function setOfVersion(version: string, change = ''): Uint8Array {
  return setOf({
    'common.proto': `package common.${version}; message C { string ${version} = 1; ${change} }`,
    'greeter.proto': `package ${version}; service Greeter { rpc Hi(common.${version}.C) returns (common.${version}.C); }`,
  });
}

describe('two files of one name that define different things are both described', () => {
  const names = ['common.proto', 'greeter.proto', 'other/common.proto', 'other/greeter.proto'];

  it('in protoPath', () => {
    const all = described({ protoPath: [protoPath('v1'), protoPath('v2')] }, SERVICES);
    expectBoth(all);
  });

  it('in protoPath and of a descriptor', () => {
    const all = described({ protoPath: protoPath('v1'), descriptors: [greeter('v2')] }, SERVICES);
    expectBoth(all);
    expect([all.names, all.warnings]).toEqual([names, []]);
  });

  it('of two descriptors', () => {
    const all = described({ descriptors: [greeter('v1'), greeter('v2')] }, SERVICES);
    expectBoth(all);
    expect([all.names, all.warnings]).toEqual([names, []]);
  });

  it('in a FileDescriptorSet, which stays as it is, and in protoPath', () => {
    const all = described({ protoPath: protoPath('v1'), fileDescriptorSet: setOfVersion('v2') }, SERVICES);
    expectBoth(all);
    expect([all.names, all.warnings]).toEqual([names, []]);
    expect(all.pool.fileOfSymbol('v2.Greeter')?.name).toBe('greeter.proto');
  });

  it('where an import alone shares the name', () => {
    const path = write(
      'v2/other.proto',
      'package v2; import "common.proto"; service Greeter { rpc Hi(common.v2.C) returns (common.v2.C); }',
    );
    const all = described(
      { protoPath: protoPath('v1'), descriptors: [loadSchema({ protoPath: path }).resolve('Greeter')] },
      SERVICES,
    );
    expectBoth(all);
    expect(all.names).toEqual(['common.proto', 'greeter.proto', 'other.proto', 'other/common.proto']);
  });

  it('made of two roots of one package', () => {
    const options = {
      root: rootOf('package g; service A { rpc Hi(M) returns (M); } message M { string a = 1; }'),
      descriptors: [
        loadSchema({
          root: rootOf(
            'package g; service B { rpc Hi(N) returns (N); } message N { string b = 1; M m = 2; } message M { string a = 1; }',
          ),
        }).resolve('B'),
      ],
    };
    const all = described(options, ['g.A', 'g.B']);
    expect(['g.A', 'g.B'].map((service) => fieldOf(all, service))).toEqual(['a', 'b']);
    expect(all.names).toEqual(['g.proto', 'other/g.proto']);
  });
});

describe('what is the same', () => {
  it('is one file, in two descriptors of one file', () => {
    const all = described({ protoPath: protoPath('v1'), descriptors: [greeter('v1')] }, ['v1.Greeter']);
    expect([all.names, all.warnings]).toEqual([['common.proto', 'greeter.proto'], []]);
  });

  it('in a set and a root is in the file of the set', () => {
    const options = {
      fileDescriptorSet: setOf({
        'common/c.proto': 'package c; message C { string x = 1; }',
        'a/a.proto': 'package a; service A { rpc Go(c.C) returns (c.C); }',
      }),
      root: rootOf(
        'package c; message C { string x = 1; } message D { C c = 1; }',
        'package b; service B { rpc Go(c.C) returns (c.D); }',
      ),
    };
    const all = described(options, ['a.A', 'b.B']);
    expect(all.names).toEqual(['a/a.proto', 'b.proto', 'c.proto', 'common/c.proto']);
    expect(all.pool.fileOfSymbol('b.B')?.imports).toEqual(['c.proto', 'common/c.proto']);
    expect(fieldOf(all, 'b.B')).toBe('x');
  });

  it('in a set and a root counts also for extensions, whose names may be written otherwise', () => {
    const text =
      'syntax = "proto2"; package e; message M { extensions 10 to 20; } extend M { optional int32 some_more = 10; } service E { rpc Go(M) returns (M); }';
    const { root } = protobuf.parse(text, { keepCase: true });
    root.resolveAll();
    const file = describeRoot(root, () => 'exact.proto').map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
    const fileDescriptorSet = toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
    const all = described({ fileDescriptorSet, root: protobuf.parse(text).root }, ['e.E']);
    expect([all.names, all.warnings]).toEqual([['exact.proto'], []]);
    expect(all.pool.file('e.proto')).toBeUndefined();
  });
});

describe('two FileDescriptorSets', () => {
  function ofTwo(first: Uint8Array, second: Uint8Array): Described {
    const descriptor = loadSchema({ fileDescriptorSet: second }).resolve('Greeter');
    return described({ fileDescriptorSet: first, descriptors: [descriptor] }, ['v1.Greeter']);
  }

  it('with the same file need no warning, whatever their bytes are', () => {
    const set = fromBinary(FileDescriptorSetSchema, setOfVersion('v1'));
    for (const file of set.file)
      for (const type of file.messageType) for (const each of type.field) each.jsonName = 'v1';
    expect(ofTwo(setOfVersion('v1'), toBinary(FileDescriptorSetSchema, set)).warnings).toEqual([]);
  });

  it('with different files of one name keep the first, with a warning', () => {
    const all = ofTwo(setOfVersion('v1'), setOfVersion('v2'));
    expect(all.warnings).toEqual([
      'two files are named common.proto: the one that defines common.v2.C is left out',
      'two files are named greeter.proto: the one that defines v2.Greeter is left out',
    ]);
    expect(ofTwo(setOfVersion('v1'), setOfVersion('v1', 'string more = 2;')).warnings).toEqual([
      'two files are named common.proto: the one that defines common.v1.C.more is left out',
    ]);
  });

  it('that define one thing in two files are sent as they are, with a warning', () => {
    const second = setOf({
      'c.proto': 'package common.v1; message C { string v1 = 1; }',
      'b.proto': 'package b; service Greeter { rpc Hi(common.v1.C) returns (common.v1.C); }',
    });
    expect(ofTwo(setOfVersion('v1'), second).warnings).toEqual([
      'common.v1.C is defined in common.proto and in c.proto: who reads both may refuse them',
    ]);
  });
});
