/** A fenced block of a Markdown file. */
export interface CodeBlock {
  /** The Markdown file, relative to the repository. */
  readonly file: string;
  /** Where its code begins in the file, from 1. */
  readonly line: number;
  /** The first word behind the fence; empty where there is none. */
  readonly language: string;
  /** `title="…"` behind the fence: the file of the documentation's project that the block is. */
  readonly title: string | undefined;
  /** `modules="…"` behind the fence: the kind of project that takes this variant of the file; undefined for all. */
  readonly modules: string | undefined;
  readonly code: string;
}

const FENCE = /^```(.*)$/;

/** All fenced blocks of a Markdown text. Throws an Error for a fence that is not closed. */
export function codeBlocks(file: string, markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { line: number; info: string; code: string[] } | undefined;
  for (const [index, text] of markdown.split('\n').entries()) {
    const info = FENCE.exec(text)?.[1];
    if (info === undefined) open?.code.push(text);
    else if (!open) open = { line: index + 2, info, code: [] };
    else {
      const { line, info: label, code } = open;
      blocks.push({
        file,
        line,
        language: /^\S*/.exec(label)?.[0] ?? '',
        title: /\btitle="([^"]+)"/.exec(label)?.[1],
        modules: /\bmodules="([^"]+)"/.exec(label)?.[1],
        code: `${code.join('\n')}\n`,
      });
      open = undefined;
    }
  }
  if (open) throw new Error(`${file}:${open.line}: the code block is not closed`);
  return blocks;
}

/** What a block's `// prints: …` comments promise, in one line; undefined when there are none. */
export function promisedOutput(block: CodeBlock): string | undefined {
  const prints = [...block.code.matchAll(/\/\/ prints: (.*)$/gm)].map(([, text]) => text);
  return prints.length === 0 ? undefined : prints.join(' ');
}

/** The modules of the same project that a block imports, by title. */
export function importedTitles(block: CodeBlock): string[] {
  const folder = block.title?.includes('/') ? `${block.title.replace(/\/[^/]*$/, '')}/` : '';
  return [...block.code.matchAll(/from '\.\/([^']+)\.js'/g)].map(([, name]) => `${folder}${name}.ts`);
}
