import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkLinks } from '../links.mjs';

let folder;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'links-'));
  mkdirSync(join(folder, 'api'));
});

after(() => rmSync(folder, { recursive: true }));

function deadLinks(html, base = '/') {
  writeFileSync(join(folder, 'index.html'), html);
  writeFileSync(join(folder, 'api/index.html'), '<h2 id="call">Call</h2>');
  writeFileSync(join(folder, 'chart.svg'), '<svg/>');
  return checkLinks(folder, base).dead;
}

test('links to pages, anchors and pictures that exist are alive', () => {
  const html = `<h1 id="top">x</h1><a href="#top">a</a><a class="b" href="/api/#call">b</a><a href="./api/index.html">c</a>
    <img alt="d" src="chart.svg"><a href="https://example.org/">e</a>`;
  assert.deepEqual(deadLinks(html), []);
  assert.equal(checkLinks(folder, '/').links, 4);
  assert.equal(checkLinks(folder, '/').elsewhere, 1);
});

for (const [what, link] of [
  ['a page', 'none.html'],
  ['an anchor of its own page', '#none'],
  ['an anchor of another page', '/api/#none'],
  ['a folder without a page', '/none/'],
]) {
  test(`a link to ${what} that does not exist is dead`, () => {
    assert.deepEqual(deadLinks(`<a href="${link}">x</a>`), [`index.html: ${link}`]);
  });
}

test('a picture that does not exist is dead', () => {
  assert.deepEqual(deadLinks('<img src="none.svg">'), ['index.html: none.svg']);
});

test('below a base, a link that leaves it is dead', () => {
  assert.deepEqual(deadLinks('<a href="/site/api/">x</a><a href="/api/">y</a>', '/site/'), ['index.html: /api/']);
});
