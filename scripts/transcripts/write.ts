import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Puts a transcript into the block of `page` that stands below the mark `made by <script>`; with --print it only prints it. */
export function writeTranscript(page: string, script: string, text: string): void {
  if (process.argv.includes('--print')) {
    process.stdout.write(`${text}\n\n`);
    return;
  }
  const file = join(root, page);
  const before = readFileSync(file, 'utf8');
  const head = `<!-- made by ${script} -->\n\n\`\`\`console\n`;
  const start = before.indexOf(head) + head.length;
  const end = before.indexOf('\n```', start);
  if (start < head.length || end < 0) throw new Error(`${page} has no place for a transcript of ${script}`);
  writeFileSync(file, `${before.slice(0, start)}${text}${before.slice(end)}`);
}
