import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo, pageOfFile, sidebars } from '../map.mjs';

const pages = [...pageOfFile().values()];
const linksOf = (groups) => groups.flatMap(({ link, items = [] }) => [...(link ? [link] : []), ...linksOf(items)]);

test('each page for users is in their sidebar once, and no other', () => {
  const wanted = pages.filter((page) => !page.startsWith('maintainers/')).map(linkTo);
  assert.deepEqual(linksOf(sidebars().users).toSorted(), wanted.toSorted());
});

test("each page for maintainers is in theirs once, and no other; the folder's index leads", () => {
  const links = linksOf(sidebars().maintainers);
  const wanted = pages.filter((page) => page.startsWith('maintainers/')).map(linkTo);
  assert.deepEqual(links.toSorted(), wanted.toSorted());
  assert.equal(links[0], '/maintainers/');
});

test("the users' groups are those of the README", () => {
  const names = sidebars().users.map(({ text }) => text);
  assert.deepEqual(names.slice(0, 3), ['Start', 'Use', 'Operate']);
  assert.ok(!names.includes('More'), 'a page of docs is not in the README\'s "All pages"');
});
