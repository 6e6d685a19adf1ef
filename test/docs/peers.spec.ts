import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { limits, type Limit } from '../interop/limits.js';

test('docs/peers.md says of the other implementations what the interoperability cases say', async () => {
  const text = await readFile(new URL('../../docs/peers.md', import.meta.url), 'utf8');
  const rows = text
    .split('\n')
    .filter((line) => /^\| (Go|Rust) /.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const names = { go: 'Go', rust: 'Rust' };
  const all: readonly Limit[] = Object.values(limits);
  expect(rows.map(([, who, what, source]) => [who, what, source])).toEqual(
    all.map(({ peer, as, reason, source }) => [`${names[peer]} ${as}`, reason, source]),
  );
});
