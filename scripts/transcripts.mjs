// Writes what the commands of docs/cli.md and docs/cli print into these pages, and draws the recording of the README;
// with --check it says which file is out of date. Times and rates do not count. Arguments name single pages.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleCommand } from './bundle-command.mjs';
import { root } from './run.mjs';
import { withoutTimes, withTranscripts } from './transcripts/run.mjs';
import { svgOf } from './transcripts/svg.mjs';

const RECORDING = 'docs/cli/recording.svg';
const TITLE = 'A terminal: the ttrpc command lists, describes, calls and taps a server';

const isCheck = process.argv.includes('--check');
const named = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const isPage = (name) => name.endsWith('.md');
const pages = [
  'docs/cli.md',
  ...readdirSync(join(root, 'docs/cli'))
    .filter(isPage)
    .map((name) => `docs/cli/${name}`),
];
const folder = mkdtempSync(join(tmpdir(), 'ttrpc-command-'));
const read = (file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '');
let [checked, stale] = [0, 0];

/** The order of lines of two programs is chance now and then: a page is out of date when it never comes out as it is. */
const ATTEMPTS = isCheck ? 3 : 1;

async function compare(file, make) {
  const before = read(file);
  let after = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    after = await make(before);
    if (withoutTimes(after) === withoutTimes(before)) return;
  }
  stale++;
  if (!isCheck) writeFileSync(join(root, file), after);
  process.stdout.write(`${file}: ${isCheck ? 'the command prints something else now' : 'written'}\n`);
}

try {
  const command = join(folder, 'ttrpc.cjs');
  await bundleCommand(command);
  for (const page of [...pages, RECORDING].filter((each) => named.length === 0 || named.includes(each))) {
    checked++;
    await compare(page, async (before) => {
      if (page !== RECORDING) return withTranscripts(before, command);
      const text = await withTranscripts(read('scripts/transcripts/recording.md'), command);
      return svgOf(text.replace(/^```.*\n/gm, ''), TITLE);
    });
  }
} finally {
  rmSync(folder, { recursive: true });
}
if (isCheck) process.stdout.write(`${checked} pages with what the command prints, ${stale} out of date\n`);
if (isCheck && stale > 0) {
  process.stderr.write('run: node scripts/transcripts.mjs\n');
  process.exitCode = 1;
}
