// Checks each link and picture of the built site: the page exists, and so does the anchor.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * Returns how many pages and links there are, how many lead to other hosts (these are not fetched), and which are dead,
 * as `page: link`. `base` is the path that the site is served at.
 */
export function checkLinks(folder, base) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'));
  const pages = new Map(files.map((file) => [join(folder, file), readFileSync(join(folder, file), 'utf8')]));
  const anchors = new Map([...pages].map(([file, html]) => [file, anchorsOf(html)]));
  const counts = { pages: pages.size, links: 0, anchors: 0, elsewhere: 0, dead: [] };
  for (const [file, html] of pages) {
    for (const link of linksOf(html)) {
      if (/^(https?:|mailto:|data:)/.test(link)) {
        counts.elsewhere++;
        continue;
      }
      counts.links++;
      if (link.includes('#')) counts.anchors++;
      if (!isAlive(link, file)) counts.dead.push(`${relative(folder, file)}: ${link}`);
    }
  }
  return counts;

  function isAlive(link, from) {
    const [path = '', anchor] = link.split('#');
    const plain = decodeURIComponent(path.split('?')[0]);
    if (plain.startsWith('/') && !plain.startsWith(base)) return false;
    const target = plain === '' ? from : join(plain.startsWith('/') ? folder : dirname(from), plain.replace(base, '/'));
    const file = [target, join(target, 'index.html')].find((each) => pages.has(each));
    if (file === undefined) return plain !== '' && !target.endsWith('/') && existsSync(target);
    return !anchor || anchors.get(file).has(decodeURIComponent(anchor));
  }
}

/** Without the scripts, whose text may look like a link. */
const withoutScripts = (html) => html.replace(/<script\b[^]*?<\/script>/g, '');

function linksOf(html) {
  return [...withoutScripts(html).matchAll(/<(?:a|img|link)\b[^>]*?\s(?:href|src)="([^"]*)"/g)].map(([, link]) =>
    link.replaceAll('&amp;', '&'),
  );
}

function anchorsOf(html) {
  return new Set([...withoutScripts(html).matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id.replaceAll('&amp;', '&')));
}
