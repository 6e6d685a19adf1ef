import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import protobuf from 'protobufjs';
import { PROTOS } from './generated/protos.js';
import { markDefaults, restoreDefaults } from './exact-defaults.js';
import { nameGroups, withGroupsInOneofs } from './groups.js';
import type { LoaderOptions } from './loader-options.js';
import { includeDirsOf, placesOf, type IncludeDir } from './include-dirs.js';
import { wrongNumber } from './numbers.js';
import { parsableText } from './parsable-text.js';
import { importError, numberError, parseError, unresolvedError } from './proto-file-errors.js';
import { ProtoRoot } from './proto-root.js';
import { errorText, SchemaError } from '../schema-error.js';

/** protobufjs has most files under this name in memory, wherever an import says that they are. */
const BUNDLED_FOLDER = 'google/protobuf/';

/**
 * Google's files that .proto files import and that protobufjs does not have in memory. It has any, duration, empty,
 * field_mask, struct, timestamp and wrappers.
 */
const WELL_KNOWN_PROTOS: ReadonlyMap<string, string> = new Map(
  Object.values(PROTOS).map(({ name, text }) => [name, text]),
);

/** A file that was asked for: by the user, or by an `import`. */
interface Wanted {
  /** As it was written. */
  name: string;
  /** The importing file; undefined for a file of the user's. */
  importer?: string;
}

/** Which file a name means. */
type Found = { kind: 'file'; file: string; source: string; name: string } | { kind: 'bundled'; name: string };

/**
 * Reads .proto files and all that they import into one protobufjs root.
 * Files are found as `@grpc/proto-loader` finds them: absolute, in `includeDirs` in their order, else relative to the
 * importing file. What protobufjs has in memory comes from there; the files of {@link WELL_KNOWN_PROTOS} do where no
 * file of that name is found.
 */
export class ProtoFiles {
  /** By file name, the name by which a file was imported first; none for a file that only the user named. */
  readonly importNames = new Map<string, string>();
  readonly #root = new ProtoRoot();
  /** What was read, by file name. */
  readonly #sources = new Map<string, string>();
  /** The well-known and the bundled files that were read, from wherever. */
  readonly #wellKnown = new Set<string>();
  readonly #includeDirs: readonly IncludeDir[];
  readonly #keepCase: boolean;

  constructor(options: Pick<LoaderOptions, 'includeDirs' | 'keepCase'>) {
    this.#includeDirs = includeDirsOf(options.includeDirs);
    this.#keepCase = options.keepCase ?? false;
  }

  /** Reads `files` and resolves every reference between types. @throws {SchemaError} */
  load(files: readonly string[]): protobuf.Root {
    for (const name of files) this.#visit({ name }, false);
    return this.#resolved();
  }

  /** Reads the files that protobufjs has in memory and all of {@link WELL_KNOWN_PROTOS}. */
  loadBundled(): protobuf.Root {
    const inMemory = Object.keys(protobuf.common).filter((name) => name.startsWith(BUNDLED_FOLDER));
    for (const name of [...inMemory, ...WELL_KNOWN_PROTOS.keys()]) {
      // Some import others of them.
      if (this.#wellKnown.has(name)) continue;
      this.#wellKnown.add(name);
      this.#visitBundled(name);
    }
    return this.#resolved();
  }

  #resolved(): protobuf.Root {
    restoreDefaults(this.#root);
    nameGroups(this.#root);
    this.#root.resolveNames();
    try {
      if (this.#root.unknownNames.size > 0) throw new Error('a type is not defined');
      this.#root.resolveAll();
    } catch (error) {
      throw unresolvedError(error, this.#root, this.#sources);
    }
    const wrong = wrongNumber(this.#root);
    if (wrong) throw numberError(wrong, this.#sources);
    return this.#root;
  }

  #visit(wanted: Wanted, isWeak: boolean): void {
    const found = this.#find(wanted);
    if (found === undefined) {
      // A weak import is one that may be missing.
      if (isWeak) return;
      throw this.#missing(wanted);
    }
    // Once, also where one import finds the user's file and another does not.
    if (found.kind === 'bundled' || isWellKnown(found.name)) {
      if (this.#wellKnown.has(found.name)) return;
      this.#wellKnown.add(found.name);
    }
    if (found.kind === 'bundled') return this.#visitBundled(found.name);
    if (wanted.importer !== undefined && !this.importNames.has(found.file)) {
      this.importNames.set(found.file, found.name);
    }
    this.#visitFile(found);
  }

  #visitFile({ file, source, name }: Extract<Found, { kind: 'file' }>): void {
    if (this.#sources.has(file)) return;
    // The same text under a second name (two include folders, a link) defines nothing new.
    for (const known of this.#sources.values()) if (known === source) return;
    this.#sources.set(file, source);
    // A JSON descriptor in a file is taken wherever a .proto file is, as in protobufjs.
    if (source.startsWith('{')) this.#addDescriptor(file, this.#descriptorIn(file, source));
    else this.#parse(file, source, this.#keepsCase(name));
  }

  #descriptorIn(file: string, source: string): protobuf.INamespace {
    let json: unknown;
    try {
      json = JSON.parse(source);
    } catch (error) {
      throw SchemaError.at(file, undefined, `neither a .proto file nor a JSON descriptor: ${errorText(error)}`, error);
    }
    const { nested } = json as protobuf.INamespace;
    if (typeof nested === 'object' && nested !== null) return json as protobuf.INamespace;
    throw SchemaError.at(file, undefined, 'a JSON descriptor is an object with `nested`: there is none');
  }

  #addDescriptor(file: string, descriptor: protobuf.INamespace): void {
    try {
      this.#root.addJSON(descriptor.nested as { [name: string]: protobuf.AnyNestedObject });
    } catch (error) {
      throw parseError(error, file, this.#root, this.#sources);
    }
  }

  #visitBundled(name: string): void {
    const common = commonFile(name);
    if (common) this.#addDescriptor(name, common);
    else {
      this.importNames.set(name, name);
      this.#parse(name, WELL_KNOWN_PROTOS.get(name) as string, this.#keepsCase(name));
    }
  }

  /** Like the files that protobufjs brings, those of google.protobuf are in camelCase whatever the options say. */
  #keepsCase(name: string): boolean {
    return this.#keepCase && !isWellKnown(name);
  }

  #parse(file: string, source: string, keepCase: boolean): void {
    const { imports, weakImports } = this.#definitions(file, source, keepCase);
    for (const name of imports ?? []) this.#visit({ name, importer: file }, false);
    for (const name of weakImports ?? []) this.#visit({ name, importer: file }, true);
  }

  #definitions(file: string, source: string, keepCase: boolean): protobuf.IParserResult {
    const parse = (text: string, root: protobuf.Root): protobuf.IParserResult =>
      withGroupsInOneofs(() => protobuf.parse(markDefaults(parsableText(text)), root, { keepCase }));
    return withFileName(file, () => {
      try {
        return parse(source, this.#root);
      } catch (error) {
        throw parseError(error, file, this.#root, this.#sources, (text) => void parse(text, new ProtoRoot()));
      }
    });
  }

  #find(wanted: Wanted): Found | undefined {
    const at = wanted.name.lastIndexOf(BUNDLED_FOLDER);
    const name = at < 0 ? wanted.name : wanted.name.slice(at);
    if (commonFile(name)) return { kind: 'bundled', name };
    for (const file of this.#candidates(wanted)) {
      const source = readText(file);
      if (source !== undefined) return { kind: 'file', file, source, name };
    }
    return WELL_KNOWN_PROTOS.has(name) ? { kind: 'bundled', name } : undefined;
  }

  /** Where a file may be, in the order of looking. */
  #candidates({ name, importer }: Wanted): string[] {
    return placesOf(this.#includeDirs, name, importer === undefined ? '.' : path.dirname(importer));
  }

  #missing(wanted: Wanted): SchemaError {
    const { name, importer } = wanted;
    const tried = this.#candidates(wanted);
    if (importer !== undefined) return importError(importer, name, tried, this.#sources);
    const text = `proto file '${name}' does not exist or cannot be read; tried ${tried.join(', ')}`;
    return new SchemaError(text, { file: name });
  }
}

const bundledRoots = new Map<boolean, protobuf.Root>();

/** The types that come with this library, read at the first question. */
export function bundledTypes({ keepCase = false }: Pick<LoaderOptions, 'keepCase'>): protobuf.Root {
  let root = bundledRoots.get(keepCase);
  if (!root) bundledRoots.set(keepCase, (root = new ProtoFiles({ keepCase }).loadBundled()));
  return root;
}

/**
 * Runs protobufjs's parser, which notes this name in every object that it makes. It forgets the name with each error, also
 * with those that it catches itself, as at `reserved name;`: what is behind it would be of no file.
 */
function withFileName<T>(file: string, parse: () => T): T {
  const set = (property: PropertyDescriptor): void =>
    void Object.defineProperty(protobuf.parse, 'filename', { ...property, configurable: true, enumerable: true });
  set({ get: () => file, set: () => undefined });
  try {
    return parse();
  } finally {
    set({ value: null, writable: true });
  }
}

/** True for a file of google.protobuf that comes with this library, also where the user has one. */
function isWellKnown(name: string): boolean {
  return name.startsWith(BUNDLED_FOLDER) && WELL_KNOWN_PROTOS.has(name);
}

function commonFile(name: string): protobuf.INamespace | undefined {
  // protobufjs keeps its files as properties of a function: a name without a slash could be one of the function's own.
  return name.includes('/') && Object.hasOwn(protobuf.common, name)
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
