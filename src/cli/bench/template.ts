import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { didYouMean } from '../../protocol/core/suggest.js';
import { ToolError } from '../tool-error.js';

/** A part of a request that is made anew for each call; `number` is that of the call, from 0. */
type Part = (number: number) => string;

const VARIABLES: Readonly<Record<string, Part>> = {
  '.RequestNumber': (number) => String(number),
  '.UUID': () => randomUUID(),
  '.Timestamp': () => new Date().toISOString(),
  '.TimestampUnix': () => String(Math.floor(Date.now() / 1000)),
  '.TimestampUnixMilli': () => String(Date.now()),
};

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const MAX_RANDOM = 2 ** 48 - 1;

/** What is split off is in the odd places. */
const BRACES = /(\{\{[^{}"]*\}\})/;

/** The text of a request with `{{…}}` in it, as ghz has them. */
export class Template {
  readonly #parts: readonly (string | Part)[];

  /** @throws ToolError naming what stands in braces and is unknown */
  constructor(text: string) {
    this.#parts = text.split(BRACES).map((part, at) => (at % 2 === 1 ? variable(part) : closed(part)));
  }

  /** True when each call has the same text. */
  get isConstant(): boolean {
    return this.#parts.every((part) => typeof part === 'string');
  }

  /** The text for the call `number`. */
  textFor(number: number): string {
    return this.#parts.map((part) => (typeof part === 'string' ? part : part(number))).join('');
  }
}

/** @throws ToolError for what begins as a variable and does not end */
function closed(text: string): string {
  const open = /\{\{\s*[.\w][^"{}]*/.exec(text)?.[0];
  if (open !== undefined) throw new ToolError(`${open.trimEnd()} is not closed by }}`);
  return text;
}

function variable(braces: string): Part | string {
  const inside = braces.slice(2, -2).trim();
  // JSON has two braces after one another, too: an object in an object.
  if (inside === '') return braces;
  const [name = '', ...args] = inside.split(/\s+/);
  if (Object.hasOwn(VARIABLES, name) && args.length === 0) return VARIABLES[name] as Part;
  const numbers = args.map(Number);
  if (name === 'randomInt' && numbers.length === 2) {
    const [min = 0, max = 0] = numbers;
    if (Number.isSafeInteger(min) && Number.isSafeInteger(max) && min < max && max - min < MAX_RANDOM) {
      return () => String(randomInt(min, max));
    }
    throw new ToolError(`${braces}: expected two integers, the second one above the first`);
  }
  if (name === 'randomString' && numbers.length === 1) {
    const [length = 0] = numbers;
    if (Number.isInteger(length) && length > 0 && length <= 1 << 20) return () => randomText(length);
    throw new ToolError(`${braces}: expected a length from 1 to ${1 << 20}`);
  }
  const functions = ['randomInt <min> <max>', 'randomString <length>'];
  const names = [...Object.keys(VARIABLES), ...functions];
  const known = names.map((each) => each.split(' ')[0] as string);
  const form = names[known.indexOf(name)];
  if (form !== undefined) throw new ToolError(`${braces}: expected {{${form}}}`);
  throw new ToolError(`${braces} is unknown: there are ${names.join(', ')}.${didYouMean(name, known)}`);
}

function randomText(length: number): string {
  return [...randomBytes(length)].map((byte) => LETTERS.charAt(byte % LETTERS.length)).join('');
}
