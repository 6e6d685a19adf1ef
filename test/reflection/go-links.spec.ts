import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import protobuf from 'protobufjs';
import { loadSchema } from '../../src/schema/sources/load-schema.js';
import type { SchemaOptions } from '../../src/schema/schema.js';
import { goProgram, goVersion } from '../interop/go-peer.js';
import { TempFolder } from '../support/temp-folder.js';
import { reflectingApp } from './reflecting-app.js';

// The program is built at its first use.
jest.setTimeout(120_000);

const SET = fileURLToPath(new URL('../unit/schema/generated/descriptors.binpb', import.meta.url));

let folder: TempFolder;

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(() => {
  folder.remove();
});

/** Writes .proto files. @returns the path of the first */
function write(files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(folder.file(name)), { recursive: true });
    writeFileSync(folder.file(name), text);
  }
  return folder.file(Object.keys(files)[0] ?? '');
}

/** The services that Go links from what a server of this schema sends, without those of reflection. */
async function linked(schema: SchemaOptions): Promise<string[]> {
  const app = await reflectingApp({ url: folder.url(), ...schema });
  try {
    const { stdout } = await promisify(execFile)(await goProgram('reflect'), ['-socket', folder.file('s.sock')]);
    const services = Object.keys(JSON.parse(stdout) as object);
    return services.filter((name) => !name.startsWith('grpc.reflection.')).sort();
  } finally {
    await app.close();
  }
}

const go = await goVersion();
// The line in the list of tests says what is missing.
(go === undefined ? describe.skip : describe)('Go (needs a Go toolchain) links the descriptors', () => {
  it('of files that use and define options', async () => {
    const protoPath = write({
      'a.proto': `syntax = "proto3"; package a;
        import "google/api/annotations.proto";
        import "google/protobuf/descriptor.proto";
        extend google.protobuf.FieldOptions { string note = 50000 [targets = TARGET_TYPE_FIELD, targets = TARGET_TYPE_ENUM]; }
        message M { string s = 1 [(note) = "n", deprecated = true]; }
        service S { rpc Get(M) returns (M) { option (google.api.http) = { get: "/m" }; } }`,
    });
    expect(await linked({ protoPath })).toEqual(['a.S']);
  });

  it('of a set that protobuf-es has decoded', async () => {
    const fileDescriptorSet = fromBinary(FileDescriptorSetSchema, readFileSync(SET));
    expect(await linked({ fileDescriptorSet })).toContain('library.v1.Library');
  });

  it('of a root whose packages refer to each other, and have several editions', async () => {
    const root = new protobuf.Root();
    for (const text of [
      'syntax = "proto3"; package a; message X { b.Y y = 1; repeated int32 n = 2; } service S { rpc Do(X) returns (X); }',
      'syntax = "proto3"; package b; message Y { a.Z z = 1; } service T { rpc Do(Y) returns (Y); }',
      'syntax = "proto3"; package a; message Z { optional string s = 1; }',
      'syntax = "proto3"; package shop; message New { Old o = 1; } service U { rpc Do(New) returns (New); }',
      `syntax = "proto2"; package shop;
        message Old { required string s = 1; optional string d = 2 [default = "q"]; extensions 10 to 20; }
        extend Old { optional int32 extra = 10; }`,
    ]) {
      protobuf.parse(text, root, { keepCase: true });
    }
    root.resolveAll();
    const services = ['a.S', 'b.T', 'shop.U'];
    expect(await linked({ root })).toEqual(services);
    expect(await linked({ root: root.toJSON() })).toEqual(services);
    const protoPath = folder.file('root.json');
    writeFileSync(protoPath, JSON.stringify(root));
    expect(await linked({ protoPath })).toEqual(services);
  });

  it('of a root with groups and with defaults of all kinds', async () => {
    const { root } = protobuf.parse(
      String.raw`syntax = "proto2"; package a;
        message M {
          optional group MyGroup = 1 { optional int32 q = 1; }
          optional int64 l = 2 [default = 9223372036854775807];
          optional uint64 u = 3 [default = 18446744073709551615];
          optional bytes b = 4 [default = "a\x
ÿ"];
          optional double d = 5 [default = -0.0];
          extensions 100 to 200;
        }
        extend M { optional group MoreOfIt = 100 { optional int32 z = 1; } }
        service S { rpc Do(M) returns (M); }`,
      { keepCase: true },
    );
    expect(await linked({ root })).toEqual(['a.S']);
    expect(await linked({ root: root.toJSON() })).toEqual(['a.S']);
  });

  it('of files that share a name, and of a set and a root that share a message', async () => {
    for (const version of ['v1', 'v2']) {
      const text = `syntax = "proto3"; package ${version}; import "common.proto"; service G { rpc Get(c.${version}.M) returns (c.${version}.M); }`;
      write({
        [`${version}/g.proto`]: text,
        [`${version}/common.proto`]: `syntax = "proto3"; package c.${version}; message M {}`,
      });
    }
    const [protoPath, other] = [folder.file('v1/g.proto'), folder.file('v2/g.proto')];
    const descriptors = [loadSchema({ protoPath: other }).resolve('G')];
    expect(await linked({ protoPath, descriptors })).toEqual(['v1.G', 'v2.G']);

    const { root } = protobuf.parse(
      `syntax = "proto3"; package library.v1; message Book {} message More { Book b = 1; }
        service Lending { rpc Do(More) returns (More); }`,
      { keepCase: true },
    );
    const library = loadSchema({ fileDescriptorSet: readFileSync(SET) }).resolve('library.v1.Library');
    const lending = loadSchema({ root }).resolve('library.v1.Lending');
    expect(await linked({ descriptors: [library, lending] })).toEqual(['library.v1.Lending', 'library.v1.Library']);
  });
});
