// Refuses to publish while package.json does not say where the project lives; see RELEASING.md.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
const problems = [];
for (const field of ['repository', 'bugs', 'homepage']) {
  if (!manifest[field]) problems.push(`package.json has no ${field}: npm would link to nothing`);
}
if (!changelog.includes(`## [${manifest.version}]`)) {
  problems.push(`CHANGELOG.md has no section for version ${manifest.version}`);
}
for (const problem of problems) console.error(`release: ${problem}; see RELEASING.md`);
if (problems.length > 0) process.exitCode = 1;
