// Builds the site, or serves it while its pages change. `npm run docs` and `npm run docs:dev` in the repository's root
// install this folder's packages first.
import { mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, createServer } from 'vitepress';
import { makeApiReference } from './api.mjs';
import { checkLinks } from './links.mjs';
import { built, home, pages, repository } from './places.mjs';
import { clear, stage } from './stage.mjs';

const [task = 'build'] = process.argv.slice(2);
const base = process.env.SITE_BASE ?? '/';
const API_INDEX = `# API reference

What each entry of the package exports, from the comments in the sources.

| import from | what it has |
| --- | --- |
`;

clear();
const outside = stage();
await writeApi(join(pages, 'api'));
if (task === 'dev') await serve();
else await buildAndCheck();

async function buildAndCheck() {
  await build(home, { base });
  const { pages: count, links, anchors, elsewhere, dead } = checkLinks(built, base);
  for (const link of dead) console.error(`dead link in ${link}`);
  for (const link of outside) console.log(`leads to no page of the site: ${link}`);
  console.log(
    `docs: ${count} pages, ${links} links checked (${anchors} with an anchor), ${dead.length} dead, ${elsewhere} to other hosts not checked`,
  );
  if (dead.length > 0 || count === 0 || links === 0) process.exitCode = 1;
}

async function serve() {
  for (const folder of ['docs', 'sample', '.']) {
    const options = { recursive: folder !== '.' };
    watch(join(repository, folder), options, (_event, file) => {
      if (folder !== '.' || /\.md$/.test(file ?? '')) stage();
    });
  }
  const server = await createServer(home);
  await server.listen();
  server.printUrls();
}

/** The API reference, its index and its sidebar. */
async function writeApi(folder) {
  mkdirSync(folder, { recursive: true });
  const entries = await makeApiReference(folder);
  const link = (page) => `/api/${page.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '')}`;
  const sidebar = entries.map(({ name, page, groups }, index) => ({
    text: name,
    link: link(page),
    collapsed: index > 0,
    items: groups.map((group) => ({
      text: group.text,
      collapsed: true,
      items: group.items.map((item) => ({ text: item.text, link: link(item.page) })),
    })),
  }));
  writeFileSync(join(folder, 'sidebar.json'), JSON.stringify([{ text: 'API reference', link: '/api/' }, ...sidebar]));
  const rows = entries.map(({ name, summary, page }) => `| [\`${name}\`](${page}) | ${summary.replace(/\s+/g, ' ')} |`);
  writeFileSync(join(folder, 'index.md'), `${API_INDEX}${rows.join('\n')}\n`);
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.md')) continue;
    // What no entry exports has `#` as its link: see externalSymbolLinkMappings.
    const markdown = readFileSync(join(folder, file), 'utf8').replace(/\[([^\]]*)\]\(#\)/g, '$1');
    writeFileSync(join(folder, file), `---\npageClass: api-page\nprev: false\nnext: false\n---\n\n${markdown}`);
  }
}
