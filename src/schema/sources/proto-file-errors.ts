import protobuf from 'protobufjs';
import type { WrongNumber } from './numbers.js';
import type { ProtoRoot, TypeUser } from './proto-root.js';
import { errorText, SchemaError } from '../schema-error.js';

/** The files of a schema that were read, by name: their text tells the line of what protobufjs only names. */
export type Sources = ReadonlyMap<string, string>;

/** What is raised for what stands in `file`: which file, with which text, and where. */
interface Raised {
  readonly error: unknown;
  readonly file: string;
  readonly root: protobuf.Root;
  readonly sources: Sources;
  /** Where it is known. */
  readonly line: number | undefined;
}

/**
 * What the parser raised for `file`, with the file, the line and, for a second definition, the place of the first.
 * `parse` parses a text alone; without it the file is no text.
 */
export function parseError(
  error: unknown,
  file: string,
  root: protobuf.Root,
  sources: Sources,
  parse?: (text: string) => void,
): SchemaError {
  const text = errorText(error);
  const place = / \((?:.*, )?line (\d+)\)$/.exec(text);
  if (place) {
    const what = text
      .slice(0, place.index)
      .replace(/^illegal end of input .*/s, 'it ends in the middle of a definition');
    return SchemaError.at(file, Number(place[1]), what, error);
  }
  const line = parse && lineOfError(text, sources.get(file) ?? '', parse);
  const duplicate = /^duplicate name '(.+)' in \w+(?: (\S+))?$/.exec(text);
  if (!duplicate) return SchemaError.at(file, line, text, error);
  return duplicateError({ error, file, root, sources, line }, duplicate[1] as string, duplicate[2] ?? '.');
}

/**
 * The line of an error for which the parser names none: a beginning of the text raises it just when that line is in it.
 * Undefined where the text alone does not raise it.
 */
function lineOfError(error: string, source: string, parse: (text: string) => void): number | undefined {
  const lines = source.split('\n');
  const isIn = (count: number): boolean => {
    try {
      parse(lines.slice(0, count).join('\n'));
      return false;
    } catch (raised) {
      return errorText(raised) === error;
    }
  };
  if (!isIn(lines.length)) return undefined;
  let [without, within] = [0, lines.length];
  while (within - without > 1) {
    const middle = (without + within) >> 1;
    if (isIn(middle)) within = middle;
    else without = middle;
  }
  return within;
}

/** `container` is a full name with its dot in front; without, it is a type of `file` that is not complete yet. */
function duplicateError(raised: Raised, name: string, container: string): SchemaError {
  const { error, file, root, sources } = raised;
  const qualified = container === '.' ? name : `${container.replace(/^\./, '')}.${name}`;
  if (!container.startsWith('.')) {
    return SchemaError.at(file, raised.line, `'${qualified}' is already defined in this file`, error);
  }
  const definition = new RegExp(`\\b(?:message|enum|service|group)\\s+${escapeRegExp(name)}\\b`);
  const parent = root.lookup(container);
  const other = parent instanceof protobuf.Namespace ? parent.get(name)?.filename : undefined;
  // What protobufjs carries in memory has no file's name.
  const where =
    other === undefined || other === null
      ? 'by the files that come with this library'
      : other === file
        ? 'in this file'
        : `in ${placeOf(other, lineOf(other, definition, sources))}`;
  const line = raised.line ?? lineOf(file, definition, sources);
  return SchemaError.at(file, line, `'${qualified}' is already defined ${where}`, error);
}

/** What could not be resolved: a reference of `root`, or what protobufjs has raised. */
export function unresolvedError(error: unknown, root: ProtoRoot, sources: Sources): SchemaError {
  for (const [user, name] of root.unknownNames) {
    const file = user.filename ?? undefined;
    const owner = user.fullName.replace(/^\./, '');
    const what = user instanceof protobuf.Method ? 'message type' : 'type';
    const text = `${owner}: ${what} '${name}' is not defined; is an import missing?`;
    return SchemaError.at(file, lineOf(file, usePattern(user), sources), text, error);
  }
  const [extension] = root.deferred;
  if (extension) {
    const { filename, extend = '' } = extension;
    const line = lineOf(filename ?? undefined, new RegExp(`\\bextend\\s+${escapeRegExp(extend)}\\b`), sources);
    const text = `message type '${extend}', which is extended, is not defined; is an import missing?`;
    return SchemaError.at(filename ?? undefined, line, text, error);
  }
  // Not a reference, then: what is left is a file that says `syntax` or `edition` wrong.
  const edition = /^Unknown edition: (.+)$/.exec(errorText(error))?.[1];
  if (edition !== undefined) {
    const declaration = new RegExp(`^\\s*(?:syntax|edition)\\s*=\\s*["']${escapeRegExp(edition)}["']`);
    for (const file of sources.keys()) {
      const line = lineOf(file, declaration, sources);
      if (line !== undefined) return SchemaError.at(file, line, `syntax or edition '${edition}' is not known`, error);
    }
  }
  return SchemaError.at(undefined, undefined, errorText(error), error);
}

/** An import that was not found, where it is written. */
export function importError(importer: string, name: string, tried: readonly string[], sources: Sources): SchemaError {
  const line = lineOf(importer, new RegExp(`^\\s*import\\b[^;]*["']${escapeRegExp(name)}["']`), sources);
  return SchemaError.at(
    importer,
    line,
    `import '${name}' does not exist or cannot be read; tried ${tried.join(', ')}. ` +
      'Folders to look in can be given as loader.includeDirs.',
  );
}

/** A number that protobuf does not have, where it is written. */
export function numberError({ definition, name, number, expected }: WrongNumber, sources: Sources): SchemaError {
  const file = definition.filename ?? undefined;
  const owner = definition.fullName.replace(/^\./, '');
  const [what, pattern] =
    definition instanceof protobuf.Field
      ? [`field number ${number} of ${owner}`, usePattern(definition)]
      : [`the number ${number} of ${owner}.${name}`, new RegExp(`\\b${escapeRegExp(name)}\\s*=`)];
  return SchemaError.at(file, lineOf(file, pattern, sources), `${what} is invalid: expected ${expected}`);
}

function usePattern(user: TypeUser): RegExp {
  if (user instanceof protobuf.Field) return new RegExp(`\\b${escapeRegExp(user.type)}\\b.*=\\s*${user.id}\\b`);
  return new RegExp(`\\brpc\\s+${escapeRegExp(user.name)}\\b`);
}

/** The line of `file`, from 1, of the first match; undefined when there is none. */
function lineOf(file: string | undefined, pattern: RegExp, sources: Sources): number | undefined {
  const source = file === undefined ? undefined : sources.get(file);
  const index = source?.split('\n').findIndex((line) => pattern.test(line)) ?? -1;
  return index < 0 ? undefined : index + 1;
}

function placeOf(file: string, line: number | undefined): string {
  return line === undefined ? file : `${file}:${line}`;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
