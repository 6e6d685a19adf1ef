import { describe, expect, it } from '@jest/globals';
import protobuf from 'protobufjs';
import type descriptor from 'protobufjs/ext/descriptor.js';
import { componentsOf } from '../../src/reflection/components.js';
import { describeRoot } from '../../src/reflection/describe-root.js';
import { namesByPackage } from '../../src/reflection/package-names.js';
import { descriptorTypes } from '../../src/schema/sources/descriptor-types.js';

interface Described {
  readonly syntax: string;
  readonly package: string;
  readonly imports: readonly string[];
  readonly defines: readonly string[];
}

/** The files of a root's JSON, made of .proto files that are in nobody's hands any more. */
function filesOf(...texts: string[]): Record<string, Described> {
  const read = new protobuf.Root();
  for (const text of texts) protobuf.parse(text, read, { keepCase: true });
  read.resolveAll();
  const root = protobuf.Root.fromJSON(JSON.parse(JSON.stringify(read)) as protobuf.INamespace);
  root.resolveAll();
  const { FileDescriptorProto } = descriptorTypes();
  const files = describeRoot(root, namesByPackage(root)).map((bytes) => {
    const file = FileDescriptorProto.decode(bytes) as descriptor.IFileDescriptorProto;
    const lists: ({ name?: string }[] | undefined)[] = [file.messageType, file.enumType, file.service, file.extension];
    const described = {
      syntax: file.syntax || 'proto2',
      package: file.package ?? '',
      imports: (file.dependency ?? []) as string[],
      defines: lists.flatMap((list) => list?.map(({ name }) => name ?? '') ?? []),
    };
    return [file.name ?? '', described] as const;
  });
  return Object.fromEntries(files);
}

describe('files of a root', () => {
  it('are one for each package, where packages do not refer to each other', () => {
    const files = filesOf(
      'syntax = "proto3"; package a.v1; message A { b.B b = 1; google.protobuf.Empty e = 2; }',
      'syntax = "proto3"; package b; message B { Other o = 1; } message Other { B b = 1; }',
      'syntax = "proto3"; package google.protobuf; message Empty {}',
      'syntax = "proto3"; message N {}',
      'syntax = "proto3"; package root; message R {}',
    );
    const syntax = 'proto3';
    expect(files).toEqual({
      'a/v1.proto': { syntax, package: 'a.v1', imports: ['b.proto', 'google/protobuf/empty.proto'], defines: ['A'] },
      'b.proto': { syntax, package: 'b', imports: [], defines: ['B', 'Other'] },
      'google/protobuf/empty.proto': { syntax, package: 'google.protobuf', imports: [], defines: ['Empty'] },
      'root.proto': { syntax, package: '', imports: [], defines: ['N'] },
      'other/root.proto': { syntax, package: 'root', imports: [], defines: ['R'] },
    });
  });

  it('are one for each definition where packages refer to each other, together where definitions do', () => {
    const files = filesOf(
      'syntax = "proto3"; package a; message X { b.Y y = 1; } service S { rpc Do(X) returns (X); }',
      'syntax = "proto3"; package b; message Y { map<string, a.c.Z> z = 1; message In { a.P p = 1; } }',
      'syntax = "proto3"; package a.c; message Z { a.P p = 1; }',
      'syntax = "proto3"; package a; message P { Q q = 1; } message Q { P p = 1; }',
      'syntax = "proto3"; package d; message D { a.X x = 1; }',
    );
    const [syntax, a] = ['proto3', 'a'];
    expect(files).toEqual({
      'a.X.proto': { syntax, package: a, imports: ['b.Y.proto'], defines: ['X'] },
      'a.S.proto': { syntax, package: a, imports: ['a.X.proto'], defines: ['S'] },
      'b.Y.proto': { syntax, package: 'b', imports: ['a.P.proto', 'a/c.Z.proto'], defines: ['Y'] },
      'a/c.Z.proto': { syntax, package: 'a.c', imports: ['a.P.proto'], defines: ['Z'] },
      'a.P.proto': { syntax, package: a, imports: [], defines: ['P', 'Q'] },
      'd.proto': { syntax, package: 'd', imports: ['a.X.proto'], defines: ['D'] },
    });
  });

  it('are one for each edition of a package, and those may refer to each other, too', () => {
    const proto3 = 'syntax = "proto3"; package shop; message New { Old o = 1; }';
    const proto2 = 'syntax = "proto2"; package shop; message Old { optional string s = 1 [default = "q"]; }';
    const scope = { package: 'shop' };
    expect(filesOf(proto3, proto2)).toEqual({
      'shop-proto3.proto': { ...scope, syntax: 'proto3', imports: ['shop-proto2.proto'], defines: ['New'] },
      'shop-proto2.proto': { ...scope, syntax: 'proto2', imports: [], defines: ['Old'] },
    });
    const older = 'syntax = "proto2"; package shop; message Oldest { optional New n = 1; }';
    expect(filesOf(proto3, proto2, older)).toEqual({
      'shop.New.proto': { ...scope, syntax: 'proto3', imports: ['shop.Old.proto'], defines: ['New'] },
      'shop.Old.proto': { ...scope, syntax: 'proto2', imports: [], defines: ['Old'] },
      'shop.Oldest.proto': { ...scope, syntax: 'proto2', imports: ['shop.New.proto'], defines: ['Oldest'] },
    });
  });

  it('with extensions', () => {
    const files = filesOf(
      'syntax = "proto2"; package a; message M { extensions 10 to 20; optional b.N n = 1; }',
      'syntax = "proto2"; package a; message Other { extensions 10 to 20; } extend M { optional b.N of_m = 10; }',
      'syntax = "proto2"; package b; message N { extend a.Other { optional N own = 11; } }',
    );
    expect(Object.fromEntries(Object.entries(files).map(([name, { imports }]) => [name, imports]))).toEqual({
      'a.M.proto': ['b.N.proto'],
      'a.Other.proto': [],
      'a.of_m.proto': ['a.M.proto', 'b.N.proto'],
      'b.N.proto': ['a.Other.proto'],
    });
  });

  it('which no .proto files can have made, are as good as they can be', () => {
    const files = filesOf(
      'package a; message A { optional b.B b = 1; }',
      'package b; message B { optional a.A a = 1; }',
    );
    expect(Object.keys(files)).toEqual(['a.A.proto', 'b.B.proto']);
  });
});

describe('components', () => {
  const componentsIn = (edges: Record<string, string[]>): string[] => {
    const components = componentsOf(Object.keys(edges), (node) => edges[node] ?? []);
    return [...new Set(components.values())].map((members) => members.join(''));
  };

  it('are what leads to each other', () => {
    expect(componentsIn({ a: ['b'], b: ['c', 'e'], c: ['a', 'd'], d: ['d'], e: ['f'], f: ['e', 'gone'] })).toEqual([
      'abc',
      'd',
      'ef',
    ]);
    expect(componentsIn({ c: ['a'], a: ['b'], b: ['c'] })).toEqual(['cab']);
    expect(componentsIn({})).toEqual([]);
  });

  it('of a chain that is longer than the stack', () => {
    const nodes = Array.from({ length: 50_000 }, (_, at) => at);
    const components = componentsOf(nodes, (node) => (node + 1 < nodes.length ? [node + 1] : []));
    expect(components.size).toBe(nodes.length);
    expect(components.get(7)).toEqual([7]);
  });
});
