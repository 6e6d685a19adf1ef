import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type protobuf from 'protobufjs';
import { namesOfFiles } from '../../src/reflection/file-names.js';
import type { LoaderOptions } from '../../src/schema/sources/loader-options.js';
import { ProtoFiles } from '../../src/schema/sources/proto-files.js';
import { TempFolder } from '../support/temp-folder.js';

let folder: TempFolder;

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(() => {
  folder.remove();
});

/** The names of the files that define these types, where `wanted` of `files` are what the user named. */
function namesOf(
  files: Record<string, string>,
  wanted: string[],
  types: string[],
  loader: LoaderOptions = {},
): string[] {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(folder.file(name)), { recursive: true });
    writeFileSync(folder.file(name), `syntax = "proto3"; ${text}`);
  }
  const protoPath = wanted.map((name) => folder.file(name));
  const read = new ProtoFiles(loader);
  const root = read.load(protoPath);
  const nameOf = namesOfFiles({ protoPath, loader }, read.importNames);
  return types.map((type) => nameOf(root.lookup(type) as protobuf.ReflectionObject));
}

describe('files have the names', () => {
  it('by which they are imported, also where the user named them first', () => {
    const files = { 'api/v1/a.proto': 'message A {}', 'api/b.proto': 'import "v1/a.proto"; message B { A a = 1; }' };
    const types = ['A', 'B'];
    expect(namesOf(files, ['api/v1/a.proto', 'api/b.proto'], types)).toEqual(['v1/a.proto', 'b.proto']);
    expect(namesOf(files, ['api/b.proto'], types)).toEqual(['v1/a.proto', 'b.proto']);
  });

  it('of what comes with this library', () => {
    const files = { 'a.proto': 'import "google/api/annotations.proto"; message A {}' };
    const types = ['google.api.Http', 'google.api.http', 'google.protobuf.FieldOptions'];
    expect(namesOf(files, ['a.proto'], types)).toEqual([
      'google/api/http.proto',
      'google/api/annotations.proto',
      'google/protobuf/descriptor.proto',
    ]);
  });

  it('of their own, where two folders import another file by one name', () => {
    const files = {
      'x/a.proto': 'import "common.proto"; message A {}',
      'x/common.proto': 'message X {}',
      'y/b.proto': 'import "common.proto"; message B {}',
      'y/common.proto': 'message Y {}',
    };
    const names = namesOf(files, ['x/a.proto', 'y/b.proto'], ['A', 'X', 'B', 'Y']);
    expect(names).toEqual(['a.proto', 'common.proto', 'b.proto', 'other/common.proto']);
  });

  it('of their own, where a package of a JSON schema is named as a file is', () => {
    const files = { 'api/a.proto': 'package b; message B {}' };
    mkdirSync(folder.file('api'));
    const nested = { a: { nested: { A: { edition: 'proto3', fields: {} }, A2: { edition: 'proto3', fields: {} } } } };
    writeFileSync(folder.file('api/a.json'), JSON.stringify({ nested }));
    const types = ['b.B', 'a.A', 'a.A2'];
    const wanted = ['api/a.proto', 'api/a.json'];
    expect(namesOf(files, wanted, types)).toEqual(['a.proto', 'other/a.proto', 'other/a.proto']);
    expect(namesOf(files, wanted, types.reverse())).toEqual(['a.proto', 'a.proto', 'other/a.proto']);
  });

  it('without a path of this machine, where an import has one or leads out of the folder', () => {
    const files = {
      'x/a.proto': `import "${folder.file('z/c.proto')}"; import "../y/b.proto"; message A {}`,
      'y/b.proto': 'message B {}',
      'z/c.proto': 'message C {}',
    };
    expect(namesOf(files, ['x/a.proto'], ['A', 'B', 'C'])).toEqual(['a.proto', 'b.proto', 'c.proto']);
    const loader = { includeDirs: [folder.path] };
    expect(namesOf(files, ['x/a.proto'], ['A', 'B', 'C'], loader)).toEqual(['x/a.proto', 'y/b.proto', 'z/c.proto']);
  });
});
