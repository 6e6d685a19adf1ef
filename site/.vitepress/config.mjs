import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { sidebars } from '../map.mjs';
import { built, cache, pages, repository } from '../places.mjs';
import { anchorOf } from './anchors.mjs';
import { bracesAreText } from './braces.mjs';
import { namedCode } from './named-code.mjs';
import { tablesForPhones } from './tables.mjs';

const { description, version, repository: entry } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const { users, maintainers } = sidebars();
/** Written by site/api.mjs, with the pages. */
const reference = JSON.parse(readFileSync(join(pages, 'api/sidebar.json'), 'utf8'));

/** Two letters, as a picture within the page. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#c93a54"/><text x="16" y="23" fill="#fff" font-family="sans-serif" font-size="20" font-weight="700" text-anchor="middle">tt</text></svg>',
)}`;

export default defineConfig({
  title: 'nestjs-ttrpc',
  description,
  lang: 'en',
  // Where the site is served, if not at the root of its host: `SITE_BASE=/nestjs-ttrpc/ npm run docs`.
  base: process.env.SITE_BASE ?? '/',
  srcDir: pages,
  outDir: built,
  cacheDir: cache,
  head: [['link', { rel: 'icon', href: ICON }]],
  // Nothing is fetched from elsewhere: no fonts, no scripts.
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark' },
    // The anchors that the same pages have on GitHub.
    anchor: { slugify: anchorOf },
    config(markdown) {
      bracesAreText(markdown);
      namedCode(markdown);
      tablesForPhones(markdown);
    },
  },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/introduction', activeMatch: '^/(?!api/|maintainers/|$)' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
      { text: 'For maintainers', link: '/maintainers/', activeMatch: '^/maintainers/' },
      { text: version, link: '/changelog' },
    ],
    sidebar: { '/': users, '/api/': reference, '/maintainers/': maintainers },
    outline: [2, 3],
    search: { provider: 'local' },
    ...(entry?.url ? { socialLinks: [{ icon: 'github', link: entry.url.replace(/^git\+|\.git$/g, '') }] } : {}),
    footer: { message: 'Apache-2.0' },
    docFooter: { prev: 'Previous', next: 'Next' },
  },
  vite: {
    // The pages lie outside this folder.
    server: { fs: { allow: [repository] } },
    build: { chunkSizeWarningLimit: 10_000 },
  },
});
