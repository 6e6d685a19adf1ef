import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CODE = /\.(ts|mjs|go|rs|proto)$/;
/** A page, named from the root or from docs, with the section in quotes that is meant, if any. */
const CITATION = /(?<![\w./-])((?:docs\/(?:maintainers\/)?)?[A-Za-z-]+\.md)\b(?:,\s+(?:(?:\*|\/\/)\s+)?"([^"]+)")?/g;

interface Citation {
  readonly file: string;
  readonly page: string;
  readonly section: string | undefined;
}

/** Every page that a comment of the code cites. Line breaks within a comment do not cut a citation. */
function citations(): Citation[] {
  const files = execFileSync('git', ['ls-files', 'src', 'test', 'bench', 'sample', 'scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return files
    .split('\n')
    .filter((file) => CODE.test(file) && existsSync(join(ROOT, file)))
    .flatMap((file) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(CITATION)].map(([, page = '', section]) => ({
        file,
        page,
        section,
      })),
    );
}

/** The path of a page; undefined where there is none. */
function pathOf(page: string): string | undefined {
  return [join(ROOT, page), join(ROOT, 'docs', page), join(ROOT, 'docs/maintainers', page)].find((path) =>
    existsSync(path),
  );
}

function headings(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
}

const cited = citations();

test('comments cite pages', () => {
  expect(cited.length).toBeGreaterThan(10);
});

test('each page that a comment cites is there', () => {
  expect(cited.filter(({ page }) => pathOf(page) === undefined)).toEqual([]);
});

test('each section that a comment cites is a heading of its page', () => {
  const missing = cited.filter(({ page, section }) => {
    const path = pathOf(page);
    return section !== undefined && path !== undefined && !headings(path).includes(section);
  });
  expect(missing).toEqual([]);
});
