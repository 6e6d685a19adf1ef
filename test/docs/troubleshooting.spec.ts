import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ROOT } from './docs-project.js';

const SECTIONS = ['A client cannot connect', 'A server does not listen', 'A call fails'];

/** Nest's own text, which this library passes on. */
const NEST = ['Forbidden resource'];

/** The messages in the first column of the tables of these sections, without what varies. */
function messages(): string[] {
  const page = readFileSync(join(ROOT, 'docs/troubleshooting.md'), 'utf8');
  return page
    .split('\n## ')
    .filter((section) => SECTIONS.includes(section.split('\n')[0] ?? ''))
    .flatMap((section) => [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, text = '']) => text));
}

const source = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(ROOT, 'src', file), 'utf8'))
  .join('\n');

describe('docs/troubleshooting.md', () => {
  it('has messages', () => {
    expect(messages().length).toBeGreaterThan(15);
  });

  it.each(messages().filter((text) => !NEST.includes(text)))('%s: the sources have it', (text) => {
    const pieces = text.split('…').map((piece) => piece.replace(/^: | $/g, ''));
    expect(pieces.filter((piece) => !source.includes(piece))).toEqual([]);
  });
});
