import { mkdirSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { withAbsolutePaths } from '../../../src/schema/sources/absolute-paths.js';
import { TempFolder } from '../../support/temp-folder.js';

let folder: TempFolder;

beforeEach(() => {
  folder = new TempFolder();
  for (const name of ['api', 'other', 'api/folder.proto']) mkdirSync(folder.file(name));
  for (const name of ['api/a.proto', 'other/a.proto', 'other/folder.proto']) writeFileSync(folder.file(name), '');
});

afterEach(() => {
  folder.remove();
});

test('paths are those of the files that a schema was read from', () => {
  const [api, other] = [folder.file('api'), folder.file('other')];
  const here = (name: string): string => relative('.', folder.file(name));
  const includeDirs = [here('api'), { 'own.example/': here('other') }];
  const protoPath = ['a.proto', 'own.example/a.proto', here('other/a.proto'), `${other}/../api/a.proto`, 'gone.proto'];
  expect(withAbsolutePaths({ protoPath, loader: { keepCase: true, includeDirs }, package: 'p' })).toEqual({
    protoPath: [`${api}/a.proto`, `${other}/a.proto`, `${other}/a.proto`, `${api}/a.proto`, 'gone.proto'],
    loader: { keepCase: true, includeDirs: [api, { 'own.example/': other }] },
    package: 'p',
  });
});

test('a folder is no file, and one file is a list of one', () => {
  const loader = { includeDirs: [folder.file('api'), folder.file('other')] };
  expect(withAbsolutePaths({ protoPath: 'folder.proto', loader }).protoPath).toEqual([
    folder.file('other/folder.proto'),
  ]);
});

test('options without files stay as they are', () => {
  const options = { root: { nested: {} } };
  expect(withAbsolutePaths(options)).toBe(options);
});
