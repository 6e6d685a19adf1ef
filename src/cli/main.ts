import { COMMANDS } from './commands/index.js';
import { flushOutput } from './output.js';
import { run } from './run.js';

/** Put into the bundle by scripts/bundle-command.mjs. */
declare const TTRPC_VERSION: string;

// A reader that has gone (`| head`) ends the command, as SIGPIPE ends others.
process.stdout.on('error', () => process.exit(0));
process.stderr.on('error', () => process.exit(1));

void run(COMMANDS, process.argv.slice(2), TTRPC_VERSION).then(async (status) => {
  await flushOutput();
  process.exit(status);
});
