import type { Command, Commands } from './command.js';
import type { complete } from './commands/complete.js';
import { SUMMARIES } from './commands/index.js';
import { flushOutput, statusOfOutput } from './output.js';
import { run } from './run.js';

/** Put into the bundle by scripts/bundle-command.mjs. */
declare const TTRPC_VERSION: string;

/** Put there, too: what a module of commands/ exports. The module is run at its first use. */
declare function loadCommand(name: string): Readonly<Record<string, unknown>>;

const commands: Commands = {
  names: Object.keys(SUMMARIES),
  summaries: SUMMARIES,
  load: (name) => loadCommand(name)[name] as Command,
  complete: (words) => (loadCommand('complete')['complete'] as typeof complete)(commands, words),
};

void run(commands, process.argv.slice(2), TTRPC_VERSION).then(async (status) => {
  await flushOutput();
  process.exit(statusOfOutput() ?? status);
});
