import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { sidebars } from '../map.mjs';
import { built, cache, pages, repository } from '../places.mjs';
import { anchorOf } from './anchors.mjs';
import { namedCode } from './named-code.mjs';

const { description, version, repository: entry } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const { users, maintainers } = sidebars();
/** Written by site/api.mjs, with the pages. */
const reference = JSON.parse(readFileSync(join(pages, 'api/sidebar.json'), 'utf8'));

export default defineConfig({
  title: 'nestjs-ttrpc',
  description,
  lang: 'en',
  // Where the site is served, if not at the root of its host: `SITE_BASE=/nestjs-ttrpc/ npm run docs`.
  base: process.env.SITE_BASE ?? '/',
  srcDir: pages,
  outDir: built,
  cacheDir: cache,
  cleanUrls: false,
  // Nothing is fetched from elsewhere: no fonts, no scripts.
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark' },
    // The anchors that the same pages have on GitHub.
    anchor: { slugify: anchorOf },
    config: namedCode,
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
    socialLinks: entry?.url ? [{ icon: 'github', link: entry.url.replace(/^git\+|\.git$/g, '') }] : [],
    footer: { message: 'Apache-2.0' },
    docFooter: { prev: 'Previous', next: 'Next' },
  },
  vite: {
    // The pages lie outside this folder.
    server: { fs: { allow: [repository] } },
    build: { chunkSizeWarningLimit: 10_000 },
  },
});
