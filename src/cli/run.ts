import { didYouMean } from '../protocol/core/suggest.js';
import { readArguments } from './arguments.js';
import type { Commands } from './command.js';
import { helpOf, overview } from './help.js';
import { print, printError } from './output.js';
import { plainText } from './plain-text.js';
import { ToolError } from './tool-error.js';

/** What asks for help; the name of a command may follow. With one dash as Go's flags have it. */
const HELP = ['--help', '-help', '-h', 'help'];

const VERSION = ['--version', '-version', 'version'];

/**
 * Runs the command that `argv` names; resolves with the exit status. What is wrong with the arguments or around is one
 * line on standard error, and status 1.
 */
export async function run(commands: Commands, argv: readonly string[], version: string): Promise<number> {
  try {
    return await dispatch(commands, argv, version);
  } catch (error) {
    const { message, stack } = error as { message?: string; stack?: string };
    // Anything else is a mistake of the command's own: its stack says where.
    const text = error instanceof ToolError ? plainText(error.message) : (stack ?? message ?? String(error));
    await printError(`ttrpc: ${text}\n`);
    return 1;
  }
}

async function dispatch(commands: Commands, argv: readonly string[], version: string): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || HELP.includes(name)) {
    const [other, ...more] = rest;
    if (other !== undefined) checkName(other, commands.names);
    refuseMore(name ?? '', more);
    const text = other === undefined ? overview(commands, version) : helpOf(commands, other);
    await (name === undefined ? printError : print)(text);
    return name === undefined ? 1 : 0;
  }
  if (VERSION.includes(name)) {
    refuseMore(name, rest);
    await print(`ttrpc ${version}\n`);
    return 0;
  }
  if (name === '__complete') {
    // A shell shows nothing of what is wrong with words that are being typed.
    const candidates = await commands.complete(rest).catch(() => []);
    if (candidates.length > 0) await print(`${candidates.join('\n')}\n`);
    return 0;
  }
  checkName(name, commands.names);
  const command = commands.load(name);
  const end = rest.indexOf('--');
  if ((end < 0 ? rest : rest.slice(0, end)).some((arg) => ['--help', '-help', '-h'].includes(arg))) {
    await print(helpOf(commands, name));
    return 0;
  }
  return command.run(readArguments(command, rest));
}

/** @throws ToolError for arguments that say nothing */
function refuseMore(name: string, [more]: readonly string[]): void {
  if (more !== undefined) throw new ToolError(`ttrpc ${name}: '${more}' is one argument too many`);
}

/** @throws ToolError with what was probably meant */
function checkName(name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  const meant = didYouMean(name, [...names, '--help', '--version']);
  throw new ToolError(`no command '${name}': expected ${names.join(', ')}.${meant}`);
}
