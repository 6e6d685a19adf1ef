import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { rows } from '../conformance/rows.js';

const page = readFileSync(fileURLToPath(new URL('../../PROTOCOL.md', import.meta.url)), 'utf8');

/** The statements of a section: what its list items begin with in bold, in small letters and without a full stop. */
function statements(section: string): string[] {
  const text = page.split(/^## /m).find((part) => part.startsWith(`${section}\n`)) ?? '';
  return [...text.matchAll(/^- \*\*(.+?)\*\*/gm)].map(([, title = '']) => plain(title)).sort();
}

function plain(title: string): string {
  return title.replace(/\.$/, '').toLowerCase();
}

const sections = [...new Set(rows.map(({ section }) => section))];

describe('PROTOCOL.md', () => {
  test.each(sections)('%s: each statement has its conformance cases, and each row its statement', (section) => {
    const wanted = rows.filter((row) => row.section === section).map(({ says }) => plain(says));
    expect(statements(section)).toEqual([...new Set(wanted)].sort());
  });

  test('each list item with a title stands in a section that the cases know', () => {
    const known = sections.flatMap((section) => statements(section)).length;
    expect([...page.matchAll(/^- \*\*/gm)]).toHaveLength(known);
  });
});
