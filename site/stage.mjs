// Copies what the site shows into one folder, where the links between the files are links between pages.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, posix } from 'node:path';
import { linkTo, pageOfFile, samples } from './map.mjs';
import { home, pages as out, repository } from './places.mjs';

/** Files that pages show or link to, beside Markdown. */
const ASSETS = /\.(svg|png)$/;
/** What a sample's page shows. */
const CODE = /\.(ts|mjs|proto|json|yaml|html)$/;
const NOT_SHOWN = /(^|\/)(gen|generated|node_modules)\/|(^|\/)tsconfig\.json$/;

/**
 * Writes all pages but the API reference. Returns the links that lead to files of the repository that are no pages, as
 * `file: target`; without a `repository` in package.json, or its address in the environment, they become plain text.
 */
export function stage() {
  const pages = pageOfFile();
  const outside = [];
  for (const [file, page] of pages) {
    if (!file.endsWith('.md')) continue;
    const markdown = readFileSync(join(repository, file), 'utf8');
    write(page, withLinks(file, markdown, { pages, outside }));
  }
  for (const name of samples()) write(pages.get(`sample/${name}`), samplePage(name));
  for (const file of filesIn('docs')) if (ASSETS.test(file)) copy(`docs/${file}`, file);
  cpSync(join(home, 'home.md'), join(out, 'index.md'));
  return outside;
}

/** Removes what is no page any more. */
export function clear() {
  rmSync(out, { recursive: true, force: true });
}

/**
 * The Markdown of a file with its links rewritten; fenced code stays as it is. `pages` are the pages of files, `outside`
 * takes the links that lead to no page. Throws an Error for a link to a file that does not exist.
 */
export function withLinks(file, markdown, { pages, outside }) {
  const parts = markdown.split(/^(```[^]*?^```$)/m);
  const link = (all, image, label, target) => {
    if (/^([a-z]+:|#)/.test(target)) return all;
    const [path, anchor] = target.split('#');
    const meant = posix.join(posix.dirname(file), path).replace(/\/$/, '');
    const page =
      pages.get(meant) ?? pages.get(`${meant}/README.md`) ?? (meant === 'docs' ? 'introduction.md' : undefined);
    const hash = anchor === undefined ? '' : `#${anchor}`;
    if (page !== undefined) return `${image}[${label}](${linkTo(page)}${hash})`;
    if (ASSETS.test(meant)) {
      // Pictures keep their place in docs, which is the site's root.
      const to = posix.relative(posix.dirname(pages.get(file) ?? '.'), meant.replace(/^docs\//, ''));
      return `${image}[${label}](${to.startsWith('.') ? to : `./${to}`})`;
    }
    if (!existsSync(join(repository, meant))) {
      // A changelog tells of files as they were.
      if (file === 'CHANGELOG.md') return label;
      throw new Error(`${file} links to ${meant}, which does not exist`);
    }
    outside.push(`${file}: ${meant}`);
    const address = addressOf(meant);
    return address === undefined ? label : `[${label}](${address}${hash})`;
  };
  return parts
    .map((part) =>
      part.startsWith('```') ? part : part.replace(/(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g, link),
    )
    .join('');
}

/** Where a file of the repository is to be seen; undefined while the repository has no address. */
function addressOf(path) {
  const { repository: entry } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const { GITHUB_SERVER_URL: host, GITHUB_REPOSITORY: name } = process.env;
  const address = entry?.url?.replace(/^git\+|\.git$/g, '') ?? (host && name ? `${host}/${name}` : undefined);
  if (address === undefined) return undefined;
  return `${address}/${statSync(join(repository, path)).isDirectory() ? 'tree' : 'blob'}/main/${path}`;
}

/** The programs of a sample, file by file; first what its main file says of itself. */
function samplePage(name) {
  const folder = `sample/${name}`;
  const files = filesIn(folder).filter((file) => CODE.test(file) && !NOT_SHOWN.test(file));
  const blocks = files.map((file) => {
    const language = extname(file).slice(1).replace('mjs', 'js');
    return `\`\`\`${language} title="${file}"\n${readFileSync(join(repository, folder, file), 'utf8').trimEnd()}\n\`\`\`\n`;
  });
  return `# Sample ${name}

Run it in a clone of the repository, after \`npm ci\`: \`npx nest start ${name}\`. Arguments for it go after \`--\`.

${blocks.join('\n')}`;
}

function filesIn(folder) {
  return readdirSync(join(repository, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(join(repository, folder), join(entry.parentPath, entry.name)))
    .toSorted();
}

function copy(from, to) {
  mkdirSync(dirname(join(out, to)), { recursive: true });
  cpSync(join(repository, from), join(out, to));
}

function write(page, markdown) {
  const file = join(out, page);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, markdown);
}
