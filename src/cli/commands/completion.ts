import type { Arguments, Command } from '../command.js';
import { BASH } from '../completion/bash.js';
import { FISH } from '../completion/fish.js';
import { ZSH } from '../completion/zsh.js';
import { print } from '../output.js';
import { ToolError } from '../tool-error.js';

/**
 * Each script hands the words so far to `ttrpc __complete`, one candidate a line comes back: so services and methods of a
 * live server are completed, too.
 */
const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

/** `ttrpc completion`: the script for a shell. */
export const completion: Command = {
  name: 'completion',
  usage: '<bash | zsh | fish>',
  positionals: ['shell'],
  required: 1,
  flags: {},
  notes: ['bash: source <(ttrpc completion bash); zsh: the same; fish: ttrpc completion fish | source'],
  run,
};

async function run(args: Arguments): Promise<number> {
  const [shell = ''] = args.positionals;
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) throw new ToolError(`no completion for '${shell}': expected bash, zsh or fish`);
  await print(script);
  return 0;
}
