import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { filledIn } from './report.js';

const PAGE = fileURLToPath(new URL('../../docs/maintainers/conformance.md', import.meta.url));

/** Prettier pads the cells of tables: what differs in nothing else is equal. */
function withoutPadding(text: string): string {
  return text
    .replaceAll(/ {2,}/g, ' ')
    .replaceAll(/-{3,}/g, '---')
    .replaceAll(/\n{2,}/g, '\n');
}

test('docs/maintainers/conformance.md says what the cases say', () => {
  const page = readFileSync(PAGE, 'utf8');
  if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(PAGE, filledIn(page));
  else expect(withoutPadding(page)).toBe(withoutPadding(filledIn(page)));
});
