import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Program } from '../support/program.js';
import { codeBlocks, importedTitles, promisedOutput, type CodeBlock } from './code-blocks.js';
import { DocsProject, ROOT } from './docs-project.js';
import { namesInLine, namesInTable, sameProperties } from './option-tables.js';

/** The programs that the others call: that of the pages, and that of the quick start. */
const SERVERS = ['server/main.ts', 'src/main.ts'];

/** What only the projects of users take (test/consumers): variants for CommonJS, settings of Nest's CLI, tests. */
const ELSEWHERE = ({ modules, title }: CodeBlock): boolean =>
  modules === 'commonjs' || title === 'nest-cli.json' || title?.endsWith('.spec.ts') === true;

/** What to type in a shell. */
const SHELL = 'sh';

/** What is only shown: terminals, patches, and the settings of other programs. Any other block must be part of the project. */
const SHOWN = ['console', 'diff', 'ini', 'yaml'];

/** The generated code that docs/typed-code.md imports. */
const GENERATED = 'gen/demo/jobs/v1/jobs_pb.ts';

const PAGES = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.md'),
);
const FILES = ['README.md', ...PAGES.map((name) => `docs/${name}`)];
const texts = new Map(FILES.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));
const blocks = [...texts].flatMap(([file, text]) => codeBlocks(file, text));
const titled = blocks.filter(
  (block) => block.title !== undefined && !ELSEWHERE(block) && !SHOWN.includes(block.language),
);
const programs = titled.filter((block) => isServer(block) || promisedOutput(block) !== undefined);
const readme = texts.get('README.md') ?? '';
const options = texts.get('docs/options.md') ?? '';
const schemaOptions = namesInLine(options, 'Both sides take the schema');

/** What the documentation says of the options of each of these types. */
const OPTIONS = {
  TtrpcServerOptions: [...namesInTable(options, '`new TtrpcServer({ … })`'), ...schemaOptions],
  TtrpcClientOptions: [...namesInTable(options, '`new TtrpcClient({ … })`'), ...schemaOptions],
  TtrpcCallOptions: namesInLine(options, 'Each call takes'),
};

let project: DocsProject;
const servers: Program[] = [];

beforeAll(async () => {
  project = new DocsProject(titled);
  const checks = Object.entries(OPTIONS).map(([type, names]) => [checkOf(type), sameProperties(type, names)]);
  const generated = { [`typed/${GENERATED}`]: readFileSync(join(ROOT, 'sample/typed', GENERATED), 'utf8') };
  await project.build({ ...(Object.fromEntries(checks) as Record<string, string>), ...generated });
  servers.push(...SERVERS.map((title) => project.start(title)));
  await Promise.all(servers.map((server) => server.shows('successfully started')));
}, 120_000);

afterAll(async () => {
  for (const { child } of servers) child.kill('SIGTERM');
  const ends = await Promise.all(servers.map(({ ended }) => ended));
  project.remove();
  for (const end of ends) expect(end).toMatchObject({ signal: 'SIGTERM', stderr: '' });
});

describe('code blocks', () => {
  it.each(blocks.map((block) => [name(block), block] as const))('%s', async (_name, block) => {
    if (block.language === SHELL) {
      expect(unknownWords(block.code)).toEqual([]);
      return;
    }
    if (SHOWN.includes(block.language)) return;
    expect(block).toHaveProperty('title', expect.any(String));
    if (ELSEWHERE(block)) return;
    const { title = '' } = block;
    expect(project.complaints(title)).toEqual([]);
    if (!runsAlone(block)) return;
    const { status, stdout, stderr } = await project.run(block);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(ownLines(stdout)).toBe(promisedOutput(block));
  });

  it('have titles of their own', () => {
    const titles = titled.map(({ title }) => title);
    expect(titles).toEqual([...new Set(titles)]);
  });

  it('leave nothing else to complain of', () => {
    const checks = Object.keys(OPTIONS).flatMap((type) => project.complaints(checkOf(type)));
    expect(project.otherComplaints().filter((line) => !checks.includes(line))).toEqual([]);
  });
});

describe('options', () => {
  it.each(Object.keys(OPTIONS))('docs/options.md names those of %s, no more and no fewer', (type) => {
    expect(project.complaints(checkOf(type))).toEqual([]);
  });
});

describe('the README', () => {
  it('is short', () => {
    expect(readme.split('\n').length).toBeLessThan(250);
  });

  it('has all of its sections in its contents, and leads to each page', () => {
    const sections = [...readme.matchAll(/^## (.*)$/gm)].map(([, title = '']) => `](#${anchorOf(title)})`);
    const pages = PAGES.filter((page) => !page.includes('/')).map((page) => `](docs/${page})`);
    const index = texts.get('docs/maintainers/README.md') ?? '';
    const apart = PAGES.filter((page) => /^maintainers\/(?!README)/.test(page)).map((page) =>
      page.replace('maintainers/', ''),
    );
    expect(sections.filter((link) => !readme.includes(link))).toEqual([]);
    expect(pages.filter((link) => !readme.includes(link))).toEqual([]);
    expect(apart.filter((page) => !index.includes(`](${page})`))).toEqual([]);
  });
});

describe('links', () => {
  const links = [...texts].flatMap(([file, text]) =>
    [...text.matchAll(/\]\(([^):]+)\)/g)].map(([, target = '']) => [file, target] as const),
  );

  it.each(links)('%s: %s', (file, link) => {
    const [target = '', anchor] = link.split('#');
    const path = target === '' ? file : join(dirname(file), target);
    expect(existsSync(join(ROOT, path))).toBe(true);
    if (anchor === undefined || !path.endsWith('.md')) return;
    const headings = readFileSync(join(ROOT, path), 'utf8').matchAll(/^#+ (.*)$/gm);
    expect([...headings].map(([, title = '']) => anchorOf(title))).toContain(anchor);
  });
});

/** The anchor that GitHub gives a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function isServer({ title = '' }: CodeBlock): boolean {
  return SERVERS.includes(title);
}

/** What the list of tests says of a block: where it stands, what it is, and what is done with it. */
function name(block: CodeBlock): string {
  return `${block.file}:${block.line} ${block.title ?? block.language}: ${treatment(block)}`;
}

function treatment(block: CodeBlock): string {
  if (block.language === SHELL) return 'shown only, not run (its scripts and packages exist)';
  if (SHOWN.includes(block.language)) return 'shown only';
  if (block.title === undefined) return 'HAS NO TITLE, neither compiled nor run';
  if (ELSEWHERE(block)) return 'taken by the projects of npm run check:consumers';
  if (isServer(block)) return 'compiled, serves the others';
  if (runsAlone(block)) return 'compiled, run, its output compared';
  if (block.language === 'proto') return 'read by the programs';
  return isPartOfProgram(block) ? 'compiled, run as a part of others' : 'COMPILED ONLY';
}

function runsAlone(block: CodeBlock): boolean {
  return !isServer(block) && promisedOutput(block) !== undefined;
}

function isPartOfProgram(block: CodeBlock): boolean {
  const parts = new Set<string>();
  const add = (from: CodeBlock): void => {
    for (const title of importedTitles(from)) {
      parts.add(title);
      const part = titled.find((other) => other.title === title);
      if (part) add(part);
    }
  };
  programs.forEach(add);
  return parts.has(block.title ?? '');
}

function checkOf(type: string): string {
  return `check-${type}.ts`;
}

/** What shell commands name that is not there: scripts of the package, and packages other than it and its peers. */
function unknownWords(code: string): string[] {
  const { name, scripts, peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    name: string;
    scripts: Record<string, string>;
    peerDependencies: Record<string, string>;
  };
  const commands = code
    .replace(/ *#.*$/gm, '')
    .split(/\n|&&/)
    .map((command) => command.trim());
  /** Without the version that may follow the name. */
  const isPackage = (word: string): boolean =>
    [name, ...Object.keys(peerDependencies)].includes(word.replace(/(?<=.)@\d+$/, ''));
  const isCompiled = (path: string): boolean =>
    titled.some(({ title = '' }) => title === path.replace(/^dist\/(.*)\.js$/, 'src/$1.ts'));
  return commands.flatMap((command) => {
    const [program, task = '', ...words] = command.split(' ');
    if (program === 'node' && isCompiled(task)) return words;
    if (program !== 'npm') return program ? [command] : [];
    if (task === 'ci' || task === 'cit') return words;
    if (task === 'install') return words.filter((word) => !isPackage(word) && word !== '--omit=peer');
    const script = task === 'run' ? words[0] : task;
    return script !== undefined && script in scripts ? [] : [command];
  });
}

/** What a program has printed itself, in one line. */
function ownLines(stdout: string): string {
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.includes('[Nest]'))
    .join(' ');
}
