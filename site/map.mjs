// Which files of the repository are pages of the site, and where: the only list of it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './places.mjs';

/** The README's list of all pages gives the users' sidebar its groups, titles and order. */
const LIST = '## All pages';

/** Pages outside docs. */
const ROOT_PAGES = {
  'README.md': 'introduction.md',
  'SECURITY.md': 'security.md',
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'maintainers/contributing.md',
  'ARCHITECTURE.md': 'maintainers/architecture.md',
  'PROTOCOL.md': 'maintainers/protocol.md',
  'RELEASING.md': 'maintainers/releasing.md',
};

const text = (file) => readFileSync(join(repository, file), 'utf8');
const titleOf = (file) => /^# (.*)$/m.exec(text(file))?.[1].replaceAll('`', '') ?? file;

/** The page of each Markdown file, by the file's path in the repository; the paths are of files, not of URLs. */
export function pageOfFile() {
  const docs = readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.md'))
    .toSorted();
  return new Map([
    ...Object.entries(ROOT_PAGES),
    ...docs.map((file) => [`docs/${file}`, file.replace(/(^|\/)README\.md$/, '$1index.md')]),
    ...samples().map((name) => [`sample/${name}`, `samples/${name}.md`]),
  ]);
}

/** The samples: folders with a program. */
export function samples() {
  return readdirSync(join(repository, 'sample')).filter((name) =>
    existsSync(join(repository, 'sample', name, 'main.ts')),
  );
}

/** The page's URL path, without the site's base. */
export const linkTo = (page) => `/${page.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '')}`;

/** The sidebars of the users' and of the maintainers' pages, as VitePress takes them. */
export function sidebars() {
  const pages = pageOfFile();
  const isForUsers = ([, page]) => !/^(maintainers|samples)\//.test(page);
  const users = new Map([...pages].filter(isForUsers));
  users.delete('README.md');
  const groups = [
    ...text('README.md')
      .split(LIST)[1]
      .matchAll(/^- \*\*(.+?):\*\* (.*)$/gm),
  ].map(([, title, links]) => ({
    text: title,
    items: [...links.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].flatMap(([, label, file]) => {
      const page = users.get(file);
      return users.delete(file) ? [{ text: labelOf(label, file), link: linkTo(page), ...pagesBelow(page, users) }] : [];
    }),
  }));
  // What the list lacks still has to be found.
  const rest = [...users].map(([file, page]) => ({ text: titleOf(file), link: linkTo(page) }));
  const sampleItems = samples().map((name) => ({ text: name, link: `/samples/${name}` }));
  return {
    users: [
      { text: 'Start', items: [{ text: 'Introduction and quick start', link: '/introduction' }] },
      ...groups,
      { text: 'More', items: rest },
      { text: 'Samples', collapsed: true, items: sampleItems },
    ].filter(({ items }) => items.length > 0),
    maintainers: [{ text: 'For maintainers', items: maintainersItems(pages) }],
  };
}

/** The pages of the folder that has the page's name, such as those of the single commands; takes them out of `users`. */
function pagesBelow(page, users) {
  const folder = page.replace(/\.md$/, '/');
  const below = [...users].filter(([, each]) => each.startsWith(folder));
  for (const [file] of below) users.delete(file);
  const items = below.map(([file, each]) => ({ text: titleOf(file), link: linkTo(each) }));
  return items.length > 0 ? { collapsed: true, items } : {};
}

/** In the order in which the maintainers' index names them. */
function maintainersItems(pages) {
  const index = 'docs/maintainers/README.md';
  const place = (file) => {
    const at = text(index).indexOf(`${file.replace('docs/maintainers/', '')})`);
    return at < 0 ? Infinity : at;
  };
  const files = [...pages].filter(([file, page]) => page.startsWith('maintainers/') && file !== index);
  return [
    { text: 'Overview', link: '/maintainers/' },
    ...files
      .toSorted(([a], [b]) => place(a) - place(b) || a.localeCompare(b))
      .map(([file, page]) => ({ text: titleOf(file), link: linkTo(page) })),
  ];
}

/** Names that stay in small letters at the beginning of a line. */
const SMALL = /^(containerd|gRPC|ttrpc)\b/;

/** What the sidebar calls a page: the label of its link, or its title where the label is only the file's name. */
function labelOf(label, file) {
  const plain = label.replaceAll('`', '');
  if (plain.endsWith('.md')) return titleOf(file);
  return SMALL.test(plain) ? plain : plain.charAt(0).toUpperCase() + plain.slice(1);
}
