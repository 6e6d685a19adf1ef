import { parseArgs } from 'node:util';
import { didYouMean } from '../schema/suggest.js';
import type { Arguments, Command, FlagSpec } from './command.js';
import { ToolError } from './tool-error.js';

/** Reads the arguments of `command`. @throws ToolError naming the argument that is wrong */
export function readArguments(command: Command, argv: readonly string[]): Arguments {
  const flags: Readonly<Record<string, FlagSpec>> = command.flags;
  const args = argv.map((arg) => withTwoDashes(arg, flags));
  checkFlags(command, args);
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type, short }]) => [
      name,
      { type, multiple: true as const, ...(short === undefined ? {} : { short }) },
    ]),
  );
  let parsed;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new ToolError(parseErrorText(error as { message: string }));
  }
  const { positionals } = parsed;
  const values = parsed.values as Record<string, (string | boolean)[] | undefined>;
  checkPositionals(command, positionals);
  for (const [name, { choices }] of Object.entries(flags)) {
    for (const value of values[name] ?? []) {
      if (choices && !choices.includes(String(value))) {
        throw new ToolError(`--${name}: expected ${choices.join(', ')}, got '${value}'`);
      }
    }
  }
  return {
    positionals,
    text: (flag) => values[flag]?.at(-1) as string | undefined,
    texts: (flag) => (values[flag] ?? []) as string[],
    count: (flag) => values[flag]?.length ?? 0,
  };
}

/** A number of a flag, or `fallback` when it was not given. @throws ToolError naming the flag */
export function numberOf(
  args: Arguments,
  flag: string,
  fallback: number,
  { min = 0, max = Infinity, integer = false }: { min?: number; max?: number; integer?: boolean } = {},
): number {
  const text = args.text(flag);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (
    text.trim() !== '' &&
    Number.isFinite(value) &&
    value >= min &&
    value <= max &&
    (!integer || Number.isInteger(value))
  ) {
    return value;
  }
  const upTo = max === Infinity ? '' : ` to ${max}`;
  throw new ToolError(`--${flag}: expected ${integer ? 'an integer' : 'a number'} from ${min}${upTo}, got '${text}'`);
}

/** grpcurl's users write `-proto`: Go's flags have one dash. */
function withTwoDashes(arg: string, flags: Readonly<Record<string, FlagSpec>>): string {
  const name = /^-([a-z][a-z-]+)(?:=|$)/.exec(arg)?.[1];
  return name !== undefined && Object.hasOwn(flags, name) ? `-${arg}` : arg;
}

function checkFlags({ name: command, flags }: Command, args: readonly string[]): void {
  for (const arg of args) {
    if (arg === '--') return;
    const name = /^--([^=]+)/.exec(arg)?.[1];
    if (name !== undefined && !Object.hasOwn(flags, name)) {
      throw new ToolError(`ttrpc ${command} has no flag --${name}.${didYouMean(name, Object.keys(flags))}`);
    }
  }
}

function checkPositionals({ name, required, positionals: known, usage }: Command, given: readonly string[]): void {
  if (given.length < required) {
    throw new ToolError(`ttrpc ${name} needs ${usage}: ${missing(given.length)}`);
  }
  if (given.length > known.length) {
    throw new ToolError(`ttrpc ${name} takes ${usage}: '${given[known.length] ?? ''}' is one argument too many`);
  }
}

function missing(given: number): string {
  return given === 0 ? 'no argument was given' : `only ${given === 1 ? 'one was' : `${given} were`} given`;
}

/** The text of an error of `parseArgs`, in one line. */
function parseErrorText({ message }: { message: string }): string {
  const ambiguous = /^Option '(?:-\w, )?(--[\w-]+)[^']*' argument is ambiguous/.exec(message)?.[1];
  if (ambiguous !== undefined) {
    return `${ambiguous}: expected a value, got another flag; a value that begins with a dash is given as ${ambiguous}=-…`;
  }
  return message.split(/\.? To specify|\n/)[0] ?? message;
}
