import { didYouMean } from './suggest.js';

/** The names of all options of `T`: the compiler refuses a list that lacks one. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/**
 * What is wrong with the names in `options`, one text for each that is not in `known` and has a value. `owner` is what has
 * the options, for the text: `'timeout' is no option of a ttrpc client: it does nothing. Did you mean 'timeoutMs'?`. Names in `others` are no
 * options here and no mistake either. Empty where all is well, and for what is no object.
 */
export function unknownOptions(owner: string, options: unknown, known: object, others: object = {}): string[] {
  if (typeof options !== 'object' || options === null) return [];
  return Object.entries(options)
    .filter(([name, value]) => value !== undefined && !Object.hasOwn(known, name) && !Object.hasOwn(others, name))
    .map(([name]) => noSuchOption(owner, name, known));
}

/** As {@link unknownOptions}, as warnings of the process: for those who have no logger. */
export function warnOfOptions(owner: string, options: unknown, known: object): void {
  for (const text of unknownOptions(owner, options, known)) process.emitWarning(text, { type: 'TtrpcWarning' });
}

/** As {@link unknownOptions}, for options that nothing else may be among. @throws TypeError that names the first one */
export function refuseUnknownOptions(name: string, options: object, known: object): void {
  for (const each of Object.keys(options)) {
    if (Object.hasOwn(known, each)) continue;
    const names = Object.keys(known);
    throw new TypeError(`${name}.${each}: no such option; ${name} has ${names.join(', ')}.${didYouMean(each, names)}`);
  }
}

/** No more names than these are warned of: code that makes them up must not fill the log. */
const MAX_NAMES = 20;

/** Warns of names among the options of calls that are none of them, of each once. */
export class CallOptionNames {
  readonly #warned = new Set<string>();

  constructor(
    private readonly known: object,
    private readonly warn: (text: string) => void,
  ) {}

  /** Looks at the options of a call. */
  check(options: object): void {
    for (const name in options) {
      if (!(name in this.known) && (options as Record<string, unknown>)[name] !== undefined) this.#warnOf(name);
    }
  }

  #warnOf(name: string): void {
    if (this.#warned.has(name) || this.#warned.size === MAX_NAMES) return;
    this.#warned.add(name);
    this.warn(noSuchOption('a call', name, this.known));
  }
}

/** The text for one name. */
function noSuchOption(owner: string, name: string, known: object): string {
  return `'${name}' is no option of ${owner}: it does nothing.${didYouMean(name, Object.keys(known))}`;
}
