// Builds the library (ES modules) and the bench, then runs the bench with the arguments. With --no-build it runs what
// was built before. With --command it runs bench/command instead. Says at the end how long it took.
import { join } from 'node:path';
import { bundle } from './bundle.mjs';
import { markOptionalImports } from './declarations.mjs';
import { bin, root, run } from './run.mjs';

const args = process.argv.slice(2);
const build = !args.includes('--no-build');
const program = args.includes('--command') ? 'command/main.js' : 'main.js';
const tsc = bin('typescript', 'tsc');
const from = Date.now();
const seconds = () => Math.round((Date.now() - from) / 1000);

try {
  if (build) {
    await run(tsc, ['-p', 'tsconfig.esm.json']);
    // The package may be packed from what this leaves.
    markOptionalImports('esm');
    await run(tsc, ['-p', 'tsconfig.bench.json']);
    await bundle(['esm']);
  }
  const built = seconds();
  await run(
    join(root, 'dist/bench', program),
    args.filter((arg) => arg !== '--no-build' && arg !== '--command'),
  );
  if (!args.includes('--list')) console.log(`\n${seconds()} s, ${built} s of them the build`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
