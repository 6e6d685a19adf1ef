// Writes what the commands of docs/cli.md and docs/cli print into these pages; with --check it says which page is out of
// date. Times and rates do not count.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleCommand } from './bundle-command.mjs';
import { root } from './run.mjs';
import { withoutTimes, withTranscripts } from './transcripts/run.mjs';

const isCheck = process.argv.includes('--check');
const pages = ['docs/cli.md', ...readdirSync(join(root, 'docs/cli')).map((name) => `docs/cli/${name}`)];
const folder = mkdtempSync(join(tmpdir(), 'ttrpc-command-'));
let stale = 0;
try {
  const command = join(folder, 'ttrpc.cjs');
  await bundleCommand(command);
  for (const page of pages) {
    const before = readFileSync(join(root, page), 'utf8');
    const after = await withTranscripts(before, command);
    if (withoutTimes(after) === withoutTimes(before)) continue;
    stale++;
    if (!isCheck) writeFileSync(join(root, page), after);
    process.stdout.write(`${page}: ${isCheck ? 'the command prints something else now' : 'written'}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
if (isCheck && stale > 0) {
  process.stderr.write('run: node scripts/transcripts.mjs\n');
  process.exitCode = 1;
}
