import protobuf from 'protobufjs';
import { errorText, SchemaError } from '../schema-error.js';
import { noteColumn } from './error-columns.js';
import { isDefined, isNamed, outlineOf, type ScopedToken } from './proto-outline.js';
import type { WrongNumber } from './numbers.js';
import type { ProtoRoot, TypeUser } from './proto-root.js';
import { placeAt, type Token } from './proto-tokens.js';

/** The files of a schema that were read, by name: their text tells the place of what protobufjs only names. */
export type Sources = ReadonlyMap<string, string>;

/** What the parser says at the end of its errors, where it knows the line. */
const LINE = / \((?:.*, )?line (\d+)\)$/;

/** What its words mean. */
const REWORDED: readonly (readonly [RegExp, string])[] = [
  [/^illegal end of input .*/s, 'it ends in the middle of a definition'],
  [/^illegal comment$/, 'this comment does not end'],
  [/^illegal string$/, 'this string does not end'],
];

/**
 * What the parser raised for `file`, with the file, the place and, for a second definition, the place of the first.
 * `parse` parses a text alone; without it the file is no text.
 */
export function parseError(
  error: unknown,
  file: string,
  root: protobuf.Root,
  sources: Sources,
  parse?: (text: string) => void,
): SchemaError {
  const raised = errorText(error);
  const text = raised.replace(LINE, '');
  const source = sources.get(file) ?? '';
  const tokens = outlineOf(source);
  const last = parse && lastTokenOf(raised, tokens, source, parse);
  const token = last === undefined ? undefined : culpritOf(text, tokens, last);
  const duplicate = /^duplicate name '(.+)' in \w+(?: (\S+))?$/.exec(text);
  if (duplicate) {
    return duplicateError({ error, file, root, sources, token }, duplicate[1] as string, duplicate[2] ?? '.');
  }
  const what = REWORDED.reduce((words, [pattern, better]) => words.replace(pattern, better), text);
  if (token) return errorAt(file, token, what, error, sources);
  const line = LINE.exec(raised)?.[1];
  return SchemaError.at(file, line === undefined ? undefined : Number(line), what, error);
}

/**
 * Which token makes the parser raise its error: it raises the same for any beginning of the text with that token in it,
 * and for none without. Undefined where the text alone does not raise it, or only its end does.
 */
function lastTokenOf(
  error: string,
  tokens: readonly Token[],
  source: string,
  parse: (text: string) => void,
): number | undefined {
  const wanted = error.replace(LINE, '');
  // The parser's word for the end of the text: of other beginnings it says the same.
  if (wanted.includes("'null'")) return undefined;
  const isIn = (count: number): boolean => {
    try {
      parse(source.slice(0, tokens[count - 1]?.end ?? 0));
      return false;
    } catch (raised) {
      return errorText(raised).replace(LINE, '') === wanted;
    }
  };
  if (!isIn(tokens.length)) return undefined;
  let [without, within] = [0, tokens.length];
  while (within - without > 1) {
    const middle = (without + within) >> 1;
    if (isIn(middle)) within = middle;
    else without = middle;
  }
  return within - 1;
}

/** What an error is about, which the parser raises at the token `last`: some it finds only when a definition is complete. */
function culpritOf(error: string, tokens: readonly ScopedToken[], last: number): ScopedToken | Token | undefined {
  const end = tokens[last];
  const scope = end?.scope;
  const name = /^(?:duplicate name|name) '(.+)' (?:in|is reserved in) /.exec(error)?.[1];
  const number = /^(?:duplicate )?id (-?\d+) (?:in|is reserved in) /.exec(error)?.[1];
  const isOfEnum = / in Enum /.test(error);
  // The body of what has the name, not a oneof in it.
  const isComplete = end?.text === '}' && tokens[last + 1]?.scope !== scope;
  if (name !== undefined && isComplete && !isOfEnum && scope?.name && isNamed(scope.name, name)) return scope.name;
  const candidates = tokens.filter((token, at) => {
    if (token.scope !== scope || at >= last) return false;
    if (name !== undefined) return isDefined(tokens, at) && isNamed(token, name);
    return number !== undefined && tokens[at - 1]?.text === '=' && isNumber(token, number);
  });
  // An enum is taken as a whole.
  return (isOfEnum ? candidates[1] : candidates.at(-1)) ?? end;
}

function isNumber(token: Token | undefined, number: string): boolean {
  const text = token?.text ?? '';
  return (/^0[0-7]+$/.test(text) ? parseInt(text, 8) : Number(text)) === Number(number);
}

/** What is defined a second time in `file`: at which token, where that is known. */
interface Duplicate {
  readonly error: unknown;
  readonly file: string;
  readonly root: protobuf.Root;
  readonly sources: Sources;
  readonly token: Token | undefined;
}

/** `container` is a full name with its dot in front; without, it is a type of `file` that is not complete yet. */
function duplicateError(duplicate: Duplicate, name: string, container: string): SchemaError {
  const { error, file, root, sources, token } = duplicate;
  const path = container.replace(/^\./, '');
  const qualified = path === '' ? name : `${path}.${name}`;
  if (!container.startsWith('.')) {
    return errorAt(file, token, `'${qualified}' is already defined in this file`, error, sources);
  }
  const parent = root.lookup(container);
  const other = parent instanceof protobuf.Namespace ? parent.get(name)?.filename : undefined;
  // What protobufjs carries in memory has no file's name.
  const where =
    other === undefined || other === null
      ? 'by the files that come with this library'
      : other === file
        ? 'in this file'
        : `in ${placeOf(other, definitionOf(other, path, name, sources), sources)}`;
  const second = token ?? definitionOf(file, path, name, sources);
  return errorAt(file, second, `'${qualified}' is already defined ${where}`, error, sources);
}

/** The first definition of a name in a file. */
function definitionOf(file: string, path: string, name: string, sources: Sources): Token | undefined {
  return findToken(file, sources, (tokens, at) => {
    const token = tokens[at] as ScopedToken;
    return token.scope.path === path && isNamed(token, name) && isDefined(tokens, at);
  });
}

/** What could not be resolved: a reference of `root`, or what protobufjs has raised. */
export function unresolvedError(error: unknown, root: ProtoRoot, sources: Sources): SchemaError {
  for (const [user, name] of root.unknownNames) {
    const file = user.filename ?? undefined;
    const what = user instanceof protobuf.Method ? 'message type' : 'type';
    const text = `${pathOf(user)}: ${what} '${name}' is not defined; is an import missing?`;
    return errorAt(file, useOf(user, name, file, sources), text, error, sources);
  }
  const [extension] = root.deferred;
  if (extension) {
    const { extend = '', parent } = extension;
    const file = extension.filename ?? undefined;
    const token = findToken(file, sources, (tokens, at) => {
      const isExtended = tokens[at]?.text === extend && tokens[at - 1]?.text === 'extend';
      return isExtended && tokens[at]?.scope.path === scopeOf(extension);
    });
    const found = parent?.lookup(extend);
    const what =
      found && !(found instanceof protobuf.Type)
        ? `is ${kindOf(found)}, not a message`
        : 'is not defined; is an import missing?';
    const text = `message type '${extend}', which is extended, ${what}`;
    return errorAt(file, token, text, error, sources);
  }
  // Not a reference, then: what is left is a file that says `syntax` or `edition` wrong.
  const edition = /^Unknown edition: (.+)$/.exec(errorText(error))?.[1];
  if (edition !== undefined) {
    for (const file of sources.keys()) {
      const token = findToken(file, sources, (tokens, at) => {
        const isDeclared = /^(?:syntax|edition)$/.test(tokens[at - 2]?.text ?? '') && tokens[at - 1]?.text === '=';
        return isDeclared && tokens[at]?.text.slice(1, -1) === edition;
      });
      if (token) return errorAt(file, token, `syntax or edition '${edition}' is not known`, error, sources);
    }
  }
  return SchemaError.at(undefined, undefined, errorText(error), error);
}

function kindOf(found: protobuf.ReflectionObject): string {
  if (found instanceof protobuf.Enum) return 'an enum';
  if (found instanceof protobuf.Service) return 'a service';
  return found instanceof protobuf.Namespace ? 'a package' : 'a field';
}

/** An import that was not found, where it is written. */
export function importError(importer: string, name: string, tried: readonly string[], sources: Sources): SchemaError {
  const token = findToken(importer, sources, (tokens, at) => {
    const isImported = [tokens[at - 1]?.text, tokens[at - 2]?.text].includes('import');
    return isImported && tokens[at]?.text.slice(1, -1) === name;
  });
  const text =
    `import '${name}' does not exist or cannot be read; tried ${tried.join(', ')}. ` +
    'Folders to look in can be given as loader.includeDirs.';
  return errorAt(importer, token, text, undefined, sources);
}

/** A number that protobuf does not have, where it is written. */
export function numberError({ definition, name, number, expected }: WrongNumber, sources: Sources): SchemaError {
  const file = definition.filename ?? undefined;
  const isField = definition instanceof protobuf.Field;
  const what = isField
    ? `field number ${number} of ${pathOf(definition)}`
    : `the number ${number} of ${pathOf(definition)}.${name}`;
  const scope = isField ? scopeOf(definition) : pathOf(definition);
  const token = findToken(file, sources, (tokens, at) => {
    const isIts = tokens[at - 1]?.text === '=' && isNumber(tokens[at], String(number));
    return isIts && tokens[at]?.scope.path === scope && isNamed(tokens[at - 2] as Token, name);
  });
  return errorAt(file, token, `${what} is invalid: expected ${expected}`, undefined, sources);
}

/** Where a field or an rpc names a type. */
function useOf(user: TypeUser, type: string, file: string | undefined, sources: Sources): ScopedToken | undefined {
  const scope = scopeOf(user);
  const tokens = outlineOf(textOf(file, sources)).filter((token) => token.scope.path === scope);
  if (user instanceof protobuf.Field) {
    const name = tokens.findIndex(
      (token, at) =>
        isNamed(token, user.name) && tokens[at + 1]?.text === '=' && isNumber(tokens[at + 2], String(user.id)),
    );
    // Before the name stands the type, or the end of `map<…>`.
    return tokens[name - 1]?.text === '>' ? tokens[name - 2] : tokens[name - 1];
  }
  const name = tokens.findIndex(({ text }, at) => text === user.name && tokens[at - 1]?.text === 'rpc');
  return tokens.find(({ text }, at) => at > name && text === type) ?? tokens[name];
}

function scopeOf({ parent }: protobuf.ReflectionObject): string {
  return parent ? pathOf(parent) : '';
}

function pathOf({ fullName }: protobuf.ReflectionObject): string {
  return fullName.replace(/^\./, '');
}

function findToken(
  file: string | undefined,
  sources: Sources,
  is: (tokens: readonly ScopedToken[], at: number) => boolean,
): ScopedToken | undefined {
  return outlineOf(textOf(file, sources)).find((_token, at, tokens) => is(tokens, at));
}

function textOf(file: string | undefined, sources: Sources): string {
  return (file === undefined ? undefined : sources.get(file)) ?? '';
}

/** An error at a token of a file: its line in the message, its column noted. */
function errorAt(
  file: string | undefined,
  token: Token | undefined,
  text: string,
  cause: unknown,
  sources: Sources,
): SchemaError {
  if (!token) return SchemaError.at(file, undefined, text, cause);
  const { line, column } = placeAt(textOf(file, sources), token.start);
  return noteColumn(SchemaError.at(file, line, text, cause), column);
}

function placeOf(file: string, token: Token | undefined, sources: Sources): string {
  return token ? `${file}:${placeAt(textOf(file, sources), token.start).line}` : file;
}
