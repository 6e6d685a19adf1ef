import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Program } from '../support/program.js';
import { codeBlocks, importedTitles, promisedOutput, type CodeBlock } from './code-blocks.js';
import { DocsProject, ROOT } from './docs-project.js';
import { namesInLine, namesInTable, sameProperties } from './option-tables.js';

/** The program that the others call. */
const SERVER = 'server/main.ts';

/** What to type in a shell, and changes to the code of others: shown only. Any other block must be part of the project. */
const SHOWN = ['sh', 'diff'];

const PAGES = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
const FILES = ['README.md', ...PAGES.map((name) => `docs/${name}`)];
const texts = new Map(FILES.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));
const blocks = [...texts].flatMap(([file, text]) => codeBlocks(file, text));
const titled = blocks.filter(({ title }) => title !== undefined);
const programs = titled.filter((block) => block.title === SERVER || promisedOutput(block) !== undefined);
const readme = texts.get('README.md') ?? '';
const schemaOptions = namesInLine(readme, 'Both sides take the schema');

/** What the documentation says of the options of each of these types. */
const OPTIONS = {
  TtrpcServerOptions: [...namesInTable(readme, '`new TtrpcServer({ … })`'), ...schemaOptions],
  TtrpcClientOptions: [...namesInTable(readme, '`new TtrpcClient({ … })`'), ...schemaOptions],
  TtrpcCallOptions: namesInLine(readme, 'Each call takes'),
};

let project: DocsProject;
let server: Program | undefined;

beforeAll(async () => {
  project = new DocsProject(blocks);
  const checks = Object.entries(OPTIONS).map(([type, names]) => [checkOf(type), sameProperties(type, names)]);
  await project.build(Object.fromEntries(checks) as Record<string, string>);
  server = project.start(SERVER);
  await server.shows('successfully started');
}, 120_000);

afterAll(async () => {
  server?.child.kill('SIGTERM');
  const end = await server?.ended;
  project.remove();
  if (!server) return;
  expect(end).toMatchObject({ signal: 'SIGTERM', stderr: '' });
});

describe('code blocks', () => {
  it.each(blocks.map((block) => [name(block), block] as const))('%s', async (_name, block) => {
    if (SHOWN.includes(block.language)) {
      if (block.language === 'sh') expect(unknownWords(block.code)).toEqual([]);
      else expect(block.code).toMatch(/^[+-] /m);
      return;
    }
    expect(block).toHaveProperty('title', expect.any(String));
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
  it.each(Object.keys(OPTIONS))('the README names those of %s, no more and no fewer', (type) => {
    expect(project.complaints(checkOf(type))).toEqual([]);
  });
});

describe('links', () => {
  const links = [...texts].flatMap(([file, text]) =>
    [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, target = '']) => [file, target] as const),
  );

  it.each(links)('%s: %s', (file, target) => {
    expect(existsSync(join(ROOT, dirname(file), target))).toBe(true);
  });
});

/** What the list of tests says of a block: where it stands, what it is, and what is done with it. */
function name(block: CodeBlock): string {
  return `${block.file}:${block.line} ${block.title ?? block.language}: ${treatment(block)}`;
}

function treatment(block: CodeBlock): string {
  if (SHOWN.includes(block.language)) return 'shown only, not run (its scripts and packages exist)';
  if (block.title === undefined) return 'HAS NO TITLE, neither compiled nor run';
  if (block.title === SERVER) return 'compiled, serves the others';
  if (runsAlone(block)) return 'compiled, run, its output compared';
  if (block.language === 'proto') return 'read by the programs';
  return isPartOfProgram(block) ? 'compiled, run as a part of others' : 'COMPILED ONLY';
}

function runsAlone(block: CodeBlock): boolean {
  return block.title !== SERVER && promisedOutput(block) !== undefined;
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
  return commands.flatMap((command) => {
    const [program, task = '', ...words] = command.split(' ');
    if (program !== 'npm') return program ? [command] : [];
    if (task === 'ci' || task === 'cit') return words;
    if (task === 'install') return words.filter((word) => word !== name && !(word in peerDependencies));
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
