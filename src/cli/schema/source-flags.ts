import { readFileSync, statSync } from 'node:fs';
import type protobuf from 'protobufjs';
import { SchemaError } from '../../schema/schema-error.js';
import { columnOf } from '../../schema/sources/error-columns.js';
import { rootOfDescriptorSet } from '../../schema/sources/file-descriptor-set.js';
import { ProtoFiles } from '../../schema/sources/proto-files.js';
import { withoutComments } from '../../schema/sources/proto-tokens.js';
import type { Arguments, FlagSpec } from '../command.js';
import { ToolError } from '../tool-error.js';
import { CommandSchema } from './command-schema.js';

/** The flags that say where the schema comes from; without them the server is asked. */
export const SCHEMA_FLAGS = {
  proto: { type: 'string', multiple: true, value: 'file', help: 'a .proto file with the service; may be repeated' },
  'import-path': {
    type: 'string',
    multiple: true,
    value: 'folder',
    help: 'a folder in which --proto files and their imports are looked up; may be repeated',
  },
  protoset: {
    type: 'string',
    multiple: true,
    value: 'file',
    help: 'a FileDescriptorSet (protoc --include_imports --descriptor_set_out); may be repeated',
  },
} as const satisfies Record<string, FlagSpec>;

/**
 * The schema that the flags name, or undefined without any. `asSpelled`: the names of oneofs, too, are as in the files; for
 * what shows definitions, and encodes nothing. @throws ToolError with file, line and column
 */
export function schemaOfFlags(args: Arguments, asSpelled = false): CommandSchema | undefined {
  const protos = args.texts('proto');
  const sets = args.texts('protoset');
  const paths = args.texts('import-path');
  if (protos.length > 0 && sets.length > 0) throw new ToolError('--proto and --protoset exclude each other');
  if (paths.length > 0 && protos.length === 0) throw new ToolError('--import-path needs --proto');
  if (protos.length > 0) return schemaOfProtos(protos, paths, asSpelled);
  return sets.length > 0 ? schemaOfSets(sets, asSpelled) : undefined;
}

/** The schema of .proto files; `asSpelled` as in {@link schemaOfFlags}. @throws ToolError with file, line and column */
export function schemaOfProtos(
  files: readonly string[],
  importPaths: readonly string[],
  asSpelled = false,
): CommandSchema {
  const none = importPaths.find((folder) => !statSync(folder, { throwIfNoEntry: false })?.isDirectory());
  if (none !== undefined) throw new ToolError(`--import-path ${none}: there is no such folder`);
  const options = { keepCase: asSpelled, ...(importPaths.length > 0 ? { includeDirs: [...importPaths] } : {}) };
  return new CommandSchema(inOneLine(() => new ProtoFiles(options).load(files)));
}

/** The schema of FileDescriptorSets, which add up; `asSpelled` as there. @throws ToolError naming what is wrong with them */
export function schemaOfSets(files: readonly string[], asSpelled = false): CommandSchema {
  // The bytes of two messages one after another are those of both merged.
  return schemaOfSetBytes(Buffer.concat(files.map(readBytes)), files.join(' and '), asSpelled);
}

/** The schema of an encoded FileDescriptorSet; `asSpelled` as there. @throws ToolError naming `source`, and what is wrong with it */
export function schemaOfSetBytes(bytes: Uint8Array, source: string, asSpelled = false): CommandSchema {
  return new CommandSchema(inOneLine(() => rootOfDescriptorSet(bytes, asSpelled), source));
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ToolError(`--protoset ${file}: ${reasonOf(error)}`);
  }
}

/** The system's words for an error of the file system. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  return code === 'EACCES' ? 'this process may not read it' : message;
}

/** The library's name for what a set of descriptors is to it. */
const OPTION = /^fileDescriptorSet: /;

/** Its words for what a flag is here. */
const FOLDERS = / can be given as loader\.includeDirs\.$/;

function inOneLine(load: () => protobuf.Root, source = ''): protobuf.Root {
  try {
    return load();
  } catch (error) {
    if ((error as { syscall?: string }).syscall === 'uv_cwd') {
      throw new ToolError('a relative path needs the working directory, which no longer exists', { cause: error });
    }
    if (!(error instanceof SchemaError)) throw error;
    throw new ToolError(
      withColumn(error)
        .replace(OPTION, () => `${source}: `)
        .replace(FOLDERS, ' are given with --import-path.'),
      { cause: error },
    );
  }
}

/** Adds the column of what the error is about to `file:line: …`. */
function withColumn(error: SchemaError): string {
  const { message, file, line } = error;
  if (file === undefined || line === undefined) return message;
  const place = `${file}:${line}: `;
  const what = message.startsWith(place) ? message.slice(place.length) : message;
  const column = columnOf(error) ?? likelyColumn(what, file, line);
  return column === undefined ? message : `${file}:${line}:${column}: ${what}`;
}

/** The column, from 1, of the first thing in a line that the error names; of the line's first word where it names none. */
function likelyColumn(what: string, file: string, line: number): number | undefined {
  let text: string | undefined;
  try {
    text = withoutComments(readFileSync(file, 'utf8')).split(/\r?\n/)[line - 1];
  } catch {
    return undefined;
  }
  if (text === undefined) return undefined;
  const tokens = [...what.matchAll(/'([^']+)'/g)].map(([, token = '']) => token);
  const found = tokens.flatMap((token) => [
    indexOfWord(token, text),
    indexOfWord(token.slice(token.lastIndexOf('.') + 1), text),
  ]);
  return (found.find((at) => at >= 0) ?? text.search(/\S|$/)) + 1;
}

/** Where `token` stands in `line`, from 0, as a word of its own where it is one: `a` is in `message`, too. */
function indexOfWord(token: string, line: string): number {
  const word = new RegExp(`(?<!\\w)${token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?!\\w)`);
  const at = line.search(word);
  return at < 0 ? line.indexOf(token) : at;
}
