import protobuf from 'protobufjs';
import type descriptor from 'protobufjs/ext/descriptor.js';
import { describe } from '../codec/encode/encode-error.js';
import { readFile, readFileSet } from './descriptor-messages.js';
import { rootOfFiles, type NamedField } from './descriptor-root.js';
import { bytesOfSet } from './descriptor-objects.js';
import { unescapeBytesDefaults } from './exact-defaults.js';
import { errorText, SchemaError } from '../schema-error.js';
import type { FileDescriptorSetObject } from '../schema.js';

type FileSet = descriptor.IFileDescriptorSet;
type File = descriptor.IFileDescriptorProto;
type Message = descriptor.IDescriptorProto;
type Field = NamedField;

const EXPECTED =
  'fileDescriptorSet: expected a google.protobuf.FileDescriptorSet, its bytes (protoc --include_imports ' +
  '--descriptor_set_out, buf build) or the parsed message';

/** Its messages are the same whatever the source and whatever `keepCase` says: as protobufjs has them in memory. */
const WELL_KNOWN_PACKAGE = 'google.protobuf';

/** The one field among them that is in snake_case, in Any. */
const TYPE_URL = 'type_url';

/**
 * The types of a FileDescriptorSet. Fields get the names that they have when the .proto files are read: in camelCase,
 * with `keepCase` as they are.
 * @throws {SchemaError} for anything else than a set, for an import that is not in it, and for a name that two files
 * define
 */
export function rootOfDescriptorSet(source: Uint8Array | FileDescriptorSetObject, keepCase: boolean): protobuf.Root {
  const set = ArrayBuffer.isView(source) ? setOfBytes(source) : setOfObject(source);
  const files = distinctFiles(set.file ?? []);
  checkImports(files);
  checkNames(files);
  for (const file of files) {
    // The files are ours: they were decoded or copied.
    const isWellKnown = file.package === WELL_KNOWN_PACKAGE;
    nameFields(file, keepCase && !isWellKnown);
    const any = isWellKnown ? file.messageType?.find(({ name }) => name === 'Any') : undefined;
    const url: Field | undefined = any?.field?.find(({ name }) => name === TYPE_URL);
    if (url) url.propertyName = TYPE_URL;
  }
  try {
    const root = rootOfFiles(files);
    unescapeBytesDefaults(root);
    return root;
  } catch (cause) {
    throw new SchemaError(`fileDescriptorSet: ${errorText(cause)}`, { cause });
  }
}

function setOfBytes(source: ArrayBufferView): FileSet {
  const bytes = bytesOfSet(source);
  try {
    const set = readFileSet(bytes);
    if (set.file?.every(isFile) && set.file.length > 0) return set;
  } catch (cause) {
    throw new SchemaError(`${EXPECTED}; got ${bytesInWords(bytes)}: ${errorText(cause)}`, { cause });
  }
  throw new SchemaError(`${EXPECTED}; got ${bytesInWords(bytes)} without files`);
}

/** A single file is what is given most often in the place of a set. */
function bytesInWords(bytes: Uint8Array): string {
  try {
    const file = readFile(bytes);
    if (isFile(file) && /^[\w./-]+\.proto$/.test(file.name as string)) {
      return `the bytes of one FileDescriptorProto, '${file.name}'`;
    }
  } catch {
    // Neither of them.
  }
  return `${bytes.length} bytes`;
}

function setOfObject(source: FileDescriptorSetObject): FileSet {
  const { file, name, messageType } = (source ?? {}) as unknown as Record<string, unknown>;
  if (typeof source !== 'object' || !Array.isArray(file)) {
    const isSingle = typeof name === 'string' && Array.isArray(messageType);
    throw new SchemaError(
      `${EXPECTED}; got ${isSingle ? `one file, '${name}': put it into { file: […] }` : describe(source)}`,
    );
  }
  let set: FileSet;
  try {
    // By way of its bytes: objects have enums by name, bytes as text and camelCase options, or not.
    set = readFileSet(bytesOfSet(source));
  } catch (cause) {
    throw new SchemaError(`${EXPECTED}: ${errorText(cause)}`, { cause });
  }
  if (set.file?.length && set.file.every(isFile)) return set;
  throw new SchemaError(`${EXPECTED}; got one with ${set.file?.length ? 'a file that has no name' : 'no files'}`);
}

function isFile(file: File): boolean {
  return typeof file.name === 'string' && file.name !== '';
}

/** The same file twice is once; another file of the same name is an error. */
function distinctFiles(files: readonly File[]): File[] {
  const byName = new Map<string, File>();
  for (const file of files) {
    const name = file.name as string;
    const known = byName.get(name);
    if (known && !isSame(known, file)) {
      throw new SchemaError(`fileDescriptorSet: two files are named '${name}' and differ`, { file: name });
    }
    byName.set(name, file);
  }
  return [...byName.values()];
}

/** Two values of JSON; the order of properties does not count. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  const [one, other] = [a, b] as [Record<string, unknown>, Record<string, unknown>];
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return false;
  return names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]));
}

function checkImports(files: readonly File[]): void {
  const names = new Set(files.map((file) => file.name));
  for (const file of files) {
    const imports = (file.dependency ?? []) as readonly string[];
    const weak = new Set(((file.weakDependency ?? []) as readonly number[]).map((at) => imports[at]));
    for (const dependency of imports) {
      if (names.has(dependency) || weak.has(dependency)) continue;
      throw new SchemaError(
        `fileDescriptorSet: ${file.name} imports '${dependency}', which is not in the set. ` +
          'protoc puts imports into it with --include_imports.',
        { file: file.name as string },
      );
    }
  }
}

/** @throws for a name that is defined twice: it says in which files, as protobufjs does not */
function checkNames(files: readonly File[]): void {
  const owners = new Map<string, string>();
  for (const file of files) {
    const place = file.name as string;
    for (const name of definedIn(file)) {
      const other = owners.get(name);
      if (other !== undefined) {
        const where = other === place ? `twice in ${place}` : `in both ${other} and ${place}`;
        throw new SchemaError(`fileDescriptorSet: '${name}' is defined ${where}`, { file: place });
      }
      owners.set(name, place);
    }
  }
}

function* definedIn(file: File): Iterable<string> {
  const prefix = file.package ? `${file.package}.` : '';
  for (const list of [file.messageType, file.enumType, file.service]) {
    for (const { name } of list ?? []) yield prefix + (name ?? '');
  }
}

/** Gives fields and oneofs the names that protobufjs's parser would give them. Their names in JSON stay. */
function nameFields({ messageType, extension }: Pick<File, 'messageType' | 'extension'>, keepCase: boolean): void {
  for (const field of extension ?? []) nameField(field, keepCase);
  const open: Message[] = [...(messageType ?? [])];
  for (let message = open.pop(); message; message = open.pop()) {
    for (const field of [...(message.field ?? []), ...(message.extension ?? [])]) nameField(field, keepCase);
    for (const oneof of message.oneofDecl ?? []) oneof.name = caseOf(oneof.name ?? '', keepCase);
    open.push(...(message.nestedType ?? []));
  }
}

function nameField(field: Field, keepCase: boolean): void {
  field.propertyName = caseOf(field.name ?? '', keepCase);
}

function caseOf(name: string, keepCase: boolean): string {
  return keepCase ? name : protobuf.util.camelCase(name);
}
