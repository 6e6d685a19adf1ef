import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import protobuf from 'protobufjs';
import { describe } from '../protocol/describe.js';
import type { LoaderOptions } from './loader-options.js';
import { importError, parseError, unresolvedError } from './proto-file-errors.js';
import { errorText, SchemaError } from './schema-error.js';
import { WELL_KNOWN_PROTOS } from './well-known-protos.js';

/** Files under this name come from memory, as in protobufjs, wherever an import says that they are. */
const BUNDLED_FOLDER = 'google/protobuf/';

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
  readonly #root = new protobuf.Root();
  /** What was read, by file name. */
  readonly #sources = new Map<string, string>();
  readonly #bundled = new Set<string>();
  readonly #includeDirs: readonly string[];
  readonly #keepCase: boolean;

  constructor(options: Pick<LoaderOptions, 'includeDirs' | 'keepCase'>) {
    const { includeDirs } = options;
    if (includeDirs !== undefined && includeDirs !== null && !Array.isArray(includeDirs)) {
      throw new SchemaError(`loader.includeDirs: expected an array of folders, got ${describe(includeDirs)}`);
    }
    this.#includeDirs = includeDirs ?? [];
    this.#keepCase = options.keepCase ?? false;
  }

  /** Reads `files` and resolves every reference between types. Raises a {@link SchemaError}. */
  load(files: readonly string[]): protobuf.Root {
    for (const name of files) this.#visit({ name }, false);
    try {
      this.#root.resolveAll();
      return this.#root;
    } catch (error) {
      throw unresolvedError(error, this.#root, this.#sources);
    }
  }

  #visit(wanted: Wanted, isWeak: boolean): void {
    const found = this.#find(wanted);
    if (found === undefined) {
      // A weak import is one that may be missing.
      if (isWeak) return;
      throw this.#missing(wanted);
    }
    if (found.kind === 'bundled') this.#visitBundled(found.name);
    else this.#visitFile(found.file, found.source);
  }

  #visitFile(file: string, source: string): void {
    if (this.#sources.has(file)) return;
    // The same text under a second name (two include folders, a link) defines nothing new.
    for (const known of this.#sources.values()) if (known === source) return;
    this.#sources.set(file, source);
    // A JSON descriptor in a file is taken wherever a .proto file is, as in protobufjs.
    if (source.startsWith('{')) this.#addDescriptor(file, this.#descriptorIn(file, source));
    else this.#parse(file, source, this.#keepCase);
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
    if (this.#bundled.has(name)) return;
    this.#bundled.add(name);
    const common = commonFile(name);
    if (common) this.#addDescriptor(name, common);
    // Like the files that protobufjs brings, those of google.protobuf are in camelCase whatever the options say.
    else this.#parse(name, WELL_KNOWN_PROTOS.get(name) as string, this.#keepCase && !name.startsWith(BUNDLED_FOLDER));
  }

  #parse(file: string, source: string, keepCase: boolean): void {
    const { imports, weakImports } = this.#definitions(file, source, keepCase);
    for (const name of imports ?? []) this.#visit({ name, importer: file }, false);
    for (const name of weakImports ?? []) this.#visit({ name, importer: file }, true);
  }

  #definitions(file: string, source: string, keepCase: boolean): protobuf.IParserResult {
    // The parser notes this name in every object that it makes.
    Object.assign(protobuf.parse, { filename: file });
    try {
      return protobuf.parse(source, this.#root, { keepCase });
    } catch (error) {
      throw parseError(error, file, this.#root, this.#sources);
    } finally {
      Object.assign(protobuf.parse, { filename: null });
    }
  }

  #find(wanted: Wanted): Found | undefined {
    const { name } = wanted;
    const at = name.lastIndexOf(BUNDLED_FOLDER);
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
    const tried = this.#candidates(wanted);
    if (importer !== undefined) return importError(importer, name, tried, this.#sources);
    const text = `proto file '${name}' does not exist or cannot be read; tried ${tried.join(', ')}`;
    return new SchemaError(text, { file: name });
  }
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
