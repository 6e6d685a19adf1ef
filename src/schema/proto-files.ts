import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import protobuf from 'protobufjs';
import type { LoaderOptions } from './loader-options.js';
import { errorText, SchemaError } from './schema-error.js';
import { WELL_KNOWN_PROTOS } from './well-known-protos.js';

/** A file that was asked for: by the user, or by an `import`. */
interface Wanted {
  /** As it was written. */
  name: string;
  /** The importing file; undefined for a file of the user's. */
  importer?: string;
}

/** Which file a name means. */
type Found = { kind: 'file'; file: string; source: string } | { kind: 'bundled'; name: string };

/**
 * Reads .proto files and all that they import into one protobufjs root.
 * Files are found as `@grpc/proto-loader` finds them: absolute, in `includeDirs` in their order, else relative to the
 * importing file. `google/protobuf/…` comes from memory; the other files of {@link WELL_KNOWN_PROTOS} do where no file
 * of that name is found.
 */
export class ProtoFiles {
  readonly root = new protobuf.Root();
  /** What was read, by file name. */
  readonly #sources = new Map<string, string>();
  readonly #bundled = new Set<string>();
  readonly #includeDirs: readonly string[];
  readonly #keepCase: boolean;

  constructor(options: Pick<LoaderOptions, 'includeDirs' | 'keepCase'>) {
    const { includeDirs } = options;
    if (includeDirs !== undefined && includeDirs !== null && !Array.isArray(includeDirs)) {
      throw new SchemaError(`loader.includeDirs: expected an array of folders, got ${typeof includeDirs}`);
    }
    this.#includeDirs = includeDirs ?? [];
    this.#keepCase = options.keepCase ?? false;
  }

  /** Reads `files` and resolves every reference between types. Raises a {@link SchemaError}. */
  load(files: readonly string[]): protobuf.Root {
    for (const name of files) this.#visit({ name }, false);
    this.#resolveReferences();
    return this.root;
  }

  #visit(wanted: Wanted, weak: boolean): void {
    const found = this.#find(wanted);
    if (found === undefined) {
      // A weak import is one that may be missing.
      if (weak) return;
      throw this.#missing(wanted);
    }
    if (found.kind === 'bundled') {
      this.#visitBundled(found.name);
      return;
    }
    const { file, source } = found;
    if (this.#sources.has(file)) return;
    // The same text under a second name (two include folders, a link) defines nothing new.
    for (const known of this.#sources.values()) if (known === source) return;
    this.#sources.set(file, source);
    const parsed = this.#parse(file, source, this.#keepCase);
    for (const name of parsed.imports ?? []) this.#visit({ name, importer: file }, false);
    for (const name of parsed.weakImports ?? []) this.#visit({ name, importer: file }, true);
  }

  #visitBundled(name: string): void {
    if (this.#bundled.has(name)) return;
    this.#bundled.add(name);
    const common = commonFile(name);
    if (common) {
      this.root.addJSON(common.nested as { [name: string]: protobuf.AnyNestedObject });
      return;
    }
    // Like the files that protobufjs brings, google.protobuf's are camelCase whatever the options say.
    const keepCase = this.#keepCase && !name.startsWith('google/protobuf/');
    const parsed = this.#parse(name, WELL_KNOWN_PROTOS.get(name) as string, keepCase);
    for (const imported of parsed.imports ?? []) this.#visit({ name: imported, importer: name }, false);
  }

  #find(wanted: Wanted): Found | undefined {
    const { name } = wanted;
    const at = name.lastIndexOf('google/protobuf/');
    const bundled = at < 0 ? name : name.slice(at);
    if (commonFile(bundled) || (at >= 0 && WELL_KNOWN_PROTOS.has(bundled))) return { kind: 'bundled', name: bundled };
    for (const file of this.#candidates(wanted)) {
      const source = readText(file);
      if (source !== undefined) return { kind: 'file', file, source };
    }
    return WELL_KNOWN_PROTOS.has(name) ? { kind: 'bundled', name } : undefined;
  }

  /** Where a file may be, in the order of looking. */
  #candidates({ name, importer }: Wanted): string[] {
    if (path.isAbsolute(name)) return [path.normalize(name)];
    const folders = [...this.#includeDirs, importer === undefined ? '.' : path.dirname(importer)];
    return folders.map((folder) => path.resolve(folder, name));
  }

  #missing(wanted: Wanted): SchemaError {
    const { name, importer } = wanted;
    const tried = this.#candidates(wanted).join(', ');
    if (importer === undefined) {
      return new SchemaError(`proto file '${name}' does not exist or cannot be read; tried ${tried}`, { file: name });
    }
    const line = lineOf(this.#sources.get(importer), new RegExp(`^\\s*import\\b[^;]*["']${escapeRegExp(name)}["']`));
    const place = line === undefined ? importer : `${importer}:${line}`;
    return new SchemaError(
      `${place}: import '${name}' does not exist or cannot be read; tried ${tried}. ` +
        `Folders to look in can be given as loader.includeDirs.`,
      { file: importer, line },
    );
  }

  #parse(file: string, source: string, keepCase: boolean): protobuf.IParserResult {
    // The parser notes this name in every object that it makes.
    Object.assign(protobuf.parse, { filename: file });
    try {
      return protobuf.parse(source, this.root, { keepCase });
    } catch (error) {
      throw this.#parseError(file, source, error);
    } finally {
      Object.assign(protobuf.parse, { filename: null });
    }
  }

  #parseError(file: string, source: string, error: unknown): SchemaError {
    const text = errorText(error);
    const duplicate = /^duplicate name '(.+)' in (?:\w+ ?)?(\.\S+)?$/.exec(text);
    if (duplicate) return this.#duplicate(file, source, duplicate[1] as string, duplicate[2], error);
    const lineText = / \((?:.*, )?line (\d+)\)$/.exec(text);
    const line = lineText ? Number(lineText[1]) : undefined;
    const reason = lineText ? text.slice(0, lineText.index) : text;
    const place = line === undefined ? file : `${file}:${line}`;
    return new SchemaError(`${place}: ${reason}`, { file, line, cause: error });
  }

  #duplicate(file: string, source: string, name: string, container: string | undefined, cause: unknown): SchemaError {
    const definition = new RegExp(`\\b(?:message|enum|service|group|extend)\\s+${escapeRegExp(name)}\\b`);
    const line = lineOf(source, definition);
    const parent = container === undefined ? this.root : this.root.lookup(container);
    const other = parent instanceof protobuf.Namespace ? parent.get(name)?.filename : undefined;
    const qualified = `${container === undefined ? '' : `${container.slice(1)}.`}${name}`;
    const place = line === undefined ? file : `${file}:${line}`;
    const where = other === undefined || other === null ? '' : other === file ? ' in this file' : ` in ${other}`;
    const otherLine =
      where === '' || other === file ? undefined : lineOf(this.#sources.get(other as string), definition);
    return new SchemaError(
      `${place}: '${qualified}' is already defined${where}${otherLine === undefined ? '' : `:${otherLine}`}`,
      { file, line, cause },
    );
  }

  #resolveReferences(): void {
    try {
      this.root.resolveAll();
    } catch (error) {
      throw this.#unresolved(error);
    }
  }

  /** protobufjs says which name is missing, not who uses it: asks each user of a type in turn. */
  #unresolved(error: unknown): SchemaError {
    for (const user of typeUsers(this.root)) {
      try {
        user.resolve();
      } catch (cause) {
        const file = user.filename ?? undefined;
        const line = lineOf(file === undefined ? undefined : this.#sources.get(file), usePattern(user));
        const place = file === undefined ? '' : `${line === undefined ? file : `${file}:${line}`}: `;
        const owner = user.fullName.replace(/^\./, '');
        return new SchemaError(`${place}${owner}: ${unknownType(user)} is not defined; is an import missing?`, {
          file,
          line,
          cause,
        });
      }
    }
    return new SchemaError(errorText(error), { cause: error });
  }
}

function* typeUsers(namespace: protobuf.NamespaceBase): Iterable<protobuf.Field | protobuf.Method> {
  if (namespace instanceof protobuf.Type) yield* namespace.fieldsArray;
  if (namespace instanceof protobuf.Service) yield* namespace.methodsArray;
  for (const nested of namespace.nestedArray) {
    if (nested instanceof protobuf.Field) yield nested;
    else if (nested instanceof protobuf.Namespace) yield* typeUsers(nested);
  }
}

function unknownType(user: protobuf.Field | protobuf.Method): string {
  if (user instanceof protobuf.Field) return `type '${user.type}'`;
  const { parent, requestType, responseType } = user;
  const missing = parent?.lookup(requestType, [protobuf.Type]) ? responseType : requestType;
  return `message type '${missing}'`;
}

function usePattern(user: protobuf.Field | protobuf.Method): RegExp {
  if (user instanceof protobuf.Field) return new RegExp(`\\b${escapeRegExp(user.type)}\\b.*=\\s*${user.id}\\b`);
  return new RegExp(`\\brpc\\s+${escapeRegExp(user.name)}\\b`);
}

/** The line, from 1, of the first match; undefined when there is none. */
function lineOf(source: string | undefined, pattern: RegExp): number | undefined {
  const index = source?.split('\n').findIndex((line) => pattern.test(line)) ?? -1;
  return index < 0 ? undefined : index + 1;
}

function commonFile(name: string): protobuf.INamespace | undefined {
  return Object.hasOwn(protobuf.common, name) && name.includes('/')
    ? (protobuf.common.get(name) ?? undefined)
    : undefined;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
