import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const ROOT = new URL('../../', import.meta.url);
const page = readFileSync(fileURLToPath(new URL('ARCHITECTURE.md', ROOT)), 'utf8');

/** The rooms of the table, row by row. */
function rowsOfPage(): string[][] {
  const [, section = ''] = /^## The rooms$([^]*?)^## /m.exec(page) ?? [];
  const rows = section.split('\n').filter((line) => /^\| `/.test(line));
  return rows.map((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, room = '']) => room));
}

test('ARCHITECTURE.md has the rooms that the imports are checked by, in their order', async () => {
  const { ROOMS } = (await import(new URL('scripts/rooms.mjs', ROOT).href)) as { ROOMS: string[][] };
  expect(rowsOfPage()).toEqual(ROOMS);
});

test('each file in its table of a call exists', () => {
  const [, table = ''] = /<!-- call-path -->([^]*?)<!-- \/call-path -->/.exec(page) ?? [];
  const files = [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, file = '']) => file);
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((file) => !existsSync(fileURLToPath(new URL(`src/${file}`, ROOT))))).toEqual([]);
});
