// Builds the `ttrpc` command alone, into the file that is given: `node scripts/build-command.mjs dist/bin/ttrpc.cjs`.
import { bundleCommand } from './bundle-command.mjs';

await bundleCommand(process.argv[2] ?? 'dist/bin/ttrpc.cjs');
