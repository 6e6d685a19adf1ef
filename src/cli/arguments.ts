import { parseArgs } from 'node:util';
import { MAX_TIMEOUT_MS } from '../protocol/core/timer.js';
import { didYouMean } from '../protocol/core/suggest.js';
import type { Arguments, Command, FlagSpec } from './command.js';
import { ToolError } from './tool-error.js';

/** What a number may be. */
interface NumberRange {
  readonly min: number;
  readonly max?: number;
  readonly integer?: boolean;
}

/** The kinds of values that are numbers, by what a flag says of its value. */
const NUMBERS: Readonly<Record<string, NumberRange>> = {
  seconds: { min: 0.001 },
  count: { min: 1, integer: true },
  calls: { min: 0, integer: true },
  port: { min: 0, max: 2 ** 32 - 1, integer: true },
};

/** Reads the arguments of `command`. @throws ToolError naming the argument that is wrong */
export function readArguments(command: Command, argv: readonly string[]): Arguments {
  const flags: Readonly<Record<string, FlagSpec>> = command.flags;
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const args = argv.flatMap((arg, at) => (at < end ? asParsed(arg, flags) : arg));
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
    throw new ToolError(parseErrorText(command, error as { message: string }));
  }
  const { positionals } = parsed;
  const values = parsed.values as Record<string, (string | boolean)[] | undefined>;
  checkPositionals(command, positionals);
  for (const [name, { choices, value: kind = '', once }] of Object.entries(flags)) {
    if (once !== undefined && (values[name]?.length ?? 0) > 1) throw new ToolError(`--${name} is given twice: ${once}`);
    for (const value of values[name] ?? []) {
      const range = Object.hasOwn(NUMBERS, kind) ? NUMBERS[kind] : undefined;
      // Also where this run has no use for it.
      if (range) checkNumber(name, String(value), range);
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

/** The number of a flag of which {@link readArguments} has seen that it is one, or `fallback` when it was not given. */
export function numberOf(args: Arguments, flag: string, fallback: number): number {
  const text = args.text(flag);
  return text === undefined ? fallback : Number(text);
}

/** The time of a flag that takes seconds, in ms as timers take them, or `fallbackMs` when it was not given. */
export function millisecondsOf(args: Arguments, flag: string, fallbackMs: number): number {
  const seconds = numberOf(args, flag, Infinity);
  return seconds === Infinity ? fallbackMs : Math.min(Math.max(1, Math.round(seconds * 1000)), MAX_TIMEOUT_MS);
}

/** @throws ToolError naming the flag when `text` is no such number */
function checkNumber(flag: string, text: string, { min, max = Infinity, integer = false }: NumberRange): void {
  const value = Number(text);
  const isNumber = text.trim() !== '' && Number.isFinite(value) && (!integer || Number.isInteger(value));
  if (isNumber && value >= min && value <= max) return;
  const upTo = max === Infinity ? '' : ` to ${max}`;
  throw new ToolError(`--${flag}: expected ${integer ? 'an integer' : 'a number'} from ${min}${upTo}, got '${text}'`);
}

/**
 * An argument as `parseArgs` takes it. grpcurl's users write `-proto`, `-d={}` and `-emit-defaults=true`: Go's flags have
 * one dash, and values behind a `=`. What else begins with a flag's letter is that: `-vv`.
 */
function asParsed(arg: string, flags: Readonly<Record<string, FlagSpec>>): string | [] {
  const [, given, value] = /^--?([a-zA-Z][\w-]*)(?:=([^]*))?$/.exec(arg) ?? [];
  if (given === undefined) return arg;
  const name = Object.hasOwn(flags, given)
    ? given
    : value !== undefined
      ? (nameOfLetter(given, flags) ?? given)
      : given;
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (flag?.type === 'boolean' && value === 'false') return [];
  const text = value === undefined || (flag?.type === 'boolean' && value === 'true') ? name : `${name}=${value}`;
  const isLetters = name.length === 1 || (flag === undefined && nameOfLetter(name.charAt(0), flags) !== undefined);
  return arg.startsWith('--') || !isLetters ? `--${text}` : arg;
}

function nameOfLetter(letter: string, flags: Readonly<Record<string, FlagSpec>>): string | undefined {
  return Object.keys(flags).find((name) => flags[name]?.short === letter);
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
function parseErrorText({ name, flags }: Command, { message }: { message: string }): string {
  const [, flag = '', what = ''] = /^Option '(?:-\w, )?(--?[\w-]+)[^']*' (.*)/.exec(message) ?? [];
  if (what.startsWith('argument is ambiguous')) {
    return `${flag}: expected a value, got another flag; a value that begins with a dash is given as ${flag}=-…`;
  }
  if (what.startsWith('argument missing')) return `${flag}: expected a value, got nothing`;
  if (what.startsWith('does not take an argument')) return `${flag}: takes no value`;
  const unknown = /^Unknown option '(-[^']*)'/.exec(message)?.[1];
  if (unknown !== undefined) {
    const letters = Object.values(flags).flatMap(({ short }) => (short === undefined ? [] : [`-${short}`]));
    const list = letters.length === 0 ? '' : ` Those of one letter are ${letters.join(', ')}.`;
    return `ttrpc ${name} has no flag ${unknown}.${list}`;
  }
  return message.split(/\.? To specify|\n/)[0] ?? message;
}
