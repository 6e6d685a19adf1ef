// Builds the package: ES modules in dist/esm, CommonJS in dist/cjs, each with its own types, and the command in dist/bin.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCommand } from './bundle-command.mjs';
import { bundle } from './bundle.mjs';
import { markOptionalImports } from './declarations.mjs';
import { bin, root, run } from './run.mjs';

const tsc = bin('typescript', 'tsc');
const formats = ['esm', 'cjs'];

try {
  await Promise.all(
    formats.map(async (format) => {
      // Files of sources that are gone must not be packed.
      rmSync(join(root, 'dist', format), { recursive: true, force: true });
      await run(tsc, ['-p', `tsconfig.${format}.json`]);
      markOptionalImports(format);
    }),
  );
  await bundle(formats);
  await bundleCommand(join(root, 'dist/bin/ttrpc.cjs'));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
