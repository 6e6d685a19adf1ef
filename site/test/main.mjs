// Tests the built site: its links' checker, and its pages in a browser. Ends with `N passed, N failed, N skipped`; with
// TEST_SUMMARY_FILE set the line goes into that file. With CI set a skipped test fails the run.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith('.test.mjs'));
const counts = { passed: 0, failed: 0, skipped: 0 };
const count = (outcome) => (test) => {
  if (test.details.type === 'suite') return;
  counts[test.skip === undefined ? outcome : 'skipped']++;
};
const tests = run({ files: files.map((file) => join(folder, file)), concurrency: 1, timeout: 400_000 });
tests.on('test:pass', count('passed')).on('test:fail', count('failed'));
const report = tests.compose(spec);
report.pipe(process.stdout);
await finished(report);

const line = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
if (process.env.TEST_SUMMARY_FILE) writeFileSync(process.env.TEST_SUMMARY_FILE, `${line}\n`);
else console.log(line);
if (counts.passed === 0 || counts.failed > 0 || (process.env.CI && counts.skipped > 0)) process.exitCode = 1;
