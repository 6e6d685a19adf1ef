import { lastSegment } from '../../protocol/core/suggest.js';
import { readArguments } from '../arguments.js';
import type { Arguments, Command, Commands, FlagSpec } from '../command.js';
import { targetOfSource, type Target } from '../schema/target.js';
import { namesOf, schemaOf } from '../schema/target-schema.js';

/** What a name of a schema is made of. A server may say anything, and a shell puts it into the line that it will run. */
const NAME = /^[\w./]+$/;

/** How long a server may take to tell what it has, in ms: the shell waits for it. */
const SHELL_MS = 2000;

/**
 * What the last of `words` can be: a command, a flag, or a service or method of the server that is named before it. Empty
 * where nothing is known, such as for files.
 */
export async function complete(commands: Commands, words: readonly string[]): Promise<string[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const starting = (names: Iterable<string>): string[] => [...names].filter((name) => name.startsWith(current));
  const [name] = before;
  if (name === undefined) {
    const flags = ['help', 'version'].map((flag) => dashesOf(current) + flag);
    return starting(current.startsWith('-') ? flags : [...commands.names, 'help']);
  }
  if (['help', '--help', '-help'].includes(name)) return before.length === 1 ? starting(commands.names) : [];
  if (!commands.names.includes(name)) return [];
  const command = commands.load(name);
  if (current.startsWith('-')) return starting(flagsLike(current, command));
  const flag = flagOf(before.at(-1) ?? '', command);
  if (flag?.type === 'string') return starting(flag.choices ?? []);
  const args = readArguments({ ...command, required: 0 }, before.slice(1));
  const [source] = args.positionals;
  const kind = command.positionals[args.positionals.length];
  if (kind === 'shell') return starting(['bash', 'zsh', 'fish']);
  const isOfFlags = kind === 'source' && [...args.texts('proto'), ...args.texts('protoset')].length > 0;
  if (source === undefined && !isOfFlags) return [];
  const target = targetOfSource(source ?? '', args);
  const wanted = isOfFlags ? command.positionals[1] : kind;
  return starting(await namesOfKind(wanted, target, args, current)).filter((each) => NAME.test(each));
}

/** What a target has of a kind of argument. */
async function namesOfKind(
  kind: string | undefined,
  target: Target,
  args: Arguments,
  current: string,
): Promise<string[]> {
  if (kind === 'service') return namesOf(target, args, inTime());
  if (kind === 'method' || (kind === 'symbol' && current.includes('/'))) return methods(target, args, current);
  return kind === 'symbol' ? (await schemaOf(target, args, undefined, inTime())).symbolNames() : [];
}

/** The flags, or the values of one, in the form in which `current` begins: with one dash or two, behind a `=`. */
function flagsLike(current: string, command: Command): string[] {
  const [, given] = /^([^=]+)=/.exec(current) ?? [];
  if (given !== undefined) return (flagOf(given, command)?.choices ?? []).map((choice) => `${given}=${choice}`);
  return [...Object.keys(command.flags), 'help'].map((name) => dashesOf(current) + name);
}

/** The dashes with which a flag that is being typed begins. */
function dashesOf(current: string): string {
  return /^-\w/.test(current) ? '-' : '--';
}

/** The flag that a word is: `--proto`, `-proto` or its letter. */
function flagOf(word: string, { flags }: Command): FlagSpec | undefined {
  const name = /^--?([\w-]+)$/.exec(word)?.[1];
  if (name === undefined) return undefined;
  return Object.hasOwn(flags, name) ? flags[name] : Object.values(flags).find(({ short }) => short === name);
}

/**
 * Services with a slash, by their full names or by short ones where none begins so, and methods behind a slash or, as
 * reflection names them, a dot: commands take all of these.
 */
async function methods(target: Target, args: Arguments, current: string): Promise<string[]> {
  const within = inTime();
  if (!current.includes('/')) {
    const services = await namesOf(target, args, within);
    const full = services.filter((name) => name.startsWith(current));
    const found = full.length > 0 ? full : services.map(lastSegment).filter((name) => name.startsWith(current));
    if (found.length > 0 || !current.includes('.')) return found.map((name) => `${name}/`);
  }
  const end = current.includes('/') ? current.indexOf('/') : current.lastIndexOf('.');
  const asked = current.slice(0, end);
  const service = (await schemaOf(target, args, asked, within)).service(asked);
  return service.methodsArray.map(({ name }) => current.slice(0, end + 1) + name);
}

/** The time of one completion, for all that it asks. */
function inTime(): { signal: AbortSignal; timeoutMs: number } {
  return { signal: AbortSignal.timeout(SHELL_MS), timeoutMs: SHELL_MS };
}
