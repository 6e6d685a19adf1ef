import { didYouMean } from '../../protocol/core/suggest.js';
import { ToolError } from '../tool-error.js';
import { namesIn } from './json-differences.js';

/** The fields that may differ from a recording: those of `--ignore`. */
export class IgnoredFields {
  readonly #known = new Set<string>();

  /** Each is the name of a field, or the end of a path: `pid`, `envelope.timestamp`. @throws ToolError for anything else */
  constructor(private readonly fields: readonly string[]) {
    for (const field of fields) {
      if (!/^[^.\s[\]]+(\.[^.\s[\]]+)*$/.test(field)) {
        throw new ToolError(
          `--ignore: expected the name of a field, such as pid or envelope.timestamp, got '${field}'`,
        );
      }
    }
  }

  /** True for a difference at `path`, of a field or of what is in it. */
  has(path: string): boolean {
    // What is quoted is a key of a map, and no field.
    const names = path.replace(/\[(\d+|"([^"\\]|\\.)*")\]/g, '').split('.');
    const ends = names.map((_name, at) => names.slice(0, at + 1).join('.'));
    return this.fields.some((field) => ends.some((end) => end === field || end.endsWith(`.${field}`)));
  }

  /** Notes which fields a message has. */
  see(message: unknown): void {
    if (this.fields.length > 0) for (const name of namesIn(message)) this.#known.add(name);
  }

  /** What is probably misspelled, in words: fields with a name that no message had. */
  unseen(): string[] {
    return this.fields.flatMap((field) => {
      const name = field.split('.').find((each) => !this.#known.has(each));
      return name === undefined
        ? []
        : [`--ignore ${field}: no message of the server has a field '${name}'.${didYouMean(name, this.#known)}`];
    });
  }
}
