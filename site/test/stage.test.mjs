import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withLinks } from '../stage.mjs';

const pages = new Map([
  ['README.md', 'introduction.md'],
  ['docs/server.md', 'server.md'],
  ['docs/maintainers/README.md', 'maintainers/index.md'],
  ['sample/typed', 'samples/typed.md'],
]);

function rewrite(markdown, file = 'docs/client.md') {
  const outside = [];
  const text = withLinks(file, markdown, { pages, outside });
  return { text, outside };
}

for (const [link, wanted] of [
  ['[a](server.md)', '[a](/server)'],
  ['[a](server.md#one-two)', '[a](/server#one-two)'],
  ['[a](../README.md)', '[a](/introduction)'],
  ['[a](maintainers/README.md)', '[a](/maintainers/)'],
  ['[a](maintainers/)', '[a](/maintainers/)'],
  ['[`a`](../sample/typed)', '[`a`](/samples/typed)'],
  ['[a](#here)', '[a](#here)'],
  ['[a](https://example.org/b.md)', '[a](https://example.org/b.md)'],
  ['![a](maintainers/chart.svg)', '![a](./maintainers/chart.svg)'],
]) {
  test(`${link} becomes ${wanted}`, () => {
    assert.deepEqual(rewrite(`x ${link} y`), { text: `x ${wanted} y`, outside: [] });
  });
}

test('a picture is found from a page that stands elsewhere than its file', () => {
  assert.equal(rewrite('![a](docs/cli/shell.svg)', 'README.md').text, '![a](./cli/shell.svg)');
  assert.equal(rewrite('![a](chart.svg)', 'docs/maintainers/README.md').text, '![a](./chart.svg)');
});

test('a link to a file that is no page is text, and is reported', () => {
  const { text, outside } = rewrite('see [the sources](../src).');
  assert.equal(text, 'see the sources.');
  assert.deepEqual(outside, ['docs/client.md: src']);
});

test('a link to a file that does not exist is an error that names it', () => {
  assert.throws(() => rewrite('[a](none.md)'), /docs\/client\.md links to docs\/none\.md, which does not exist/);
});

test('links within code stay', () => {
  const markdown = '```md\n[a](server.md)\n```\n';
  assert.equal(rewrite(markdown).text, markdown);
});
