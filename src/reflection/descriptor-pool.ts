import type descriptor from 'protobufjs/ext/descriptor.js';
import { descriptorTypes } from '../schema/sources/descriptor-types.js';
import { WELL_KNOWN_FOLDER } from './well-known-name.js';

/** A file as it is sent. */
export interface DescribedFile {
  readonly name: string;
  /** Its FileDescriptorProto. */
  readonly bytes: Uint8Array;
  /** The names of the files that it imports. */
  readonly imports: readonly string[];
}

/**
 * Files and what they define, by name. Of two files of one name, and of two definitions of one name, the first counts;
 * `warn` is told where that leaves something out.
 */
export class DescriptorPool {
  readonly #files = new Map<string, DescribedFile>();
  readonly #symbols = new Map<string, DescribedFile>();
  /** The names of message types. */
  readonly #types = new Set<string>();
  /** By the extended type, then by number. */
  readonly #extensions = new Map<string, Map<number, DescribedFile>>();

  constructor(private readonly warn: (line: string) => void = () => undefined) {}

  /** Takes a FileDescriptorProto; a file whose name is known already is left out. */
  add(bytes: Uint8Array): void {
    const proto = descriptorTypes().FileDescriptorProto.decode(bytes) as descriptor.IFileDescriptorProto;
    const name = proto.name ?? '';
    const file: DescribedFile = { name, bytes, imports: (proto.dependency ?? []) as string[] };
    const added = new DescriptorPool();
    added.#take(proto, file);
    const isLeftOut = this.#files.has(name);
    // Everybody has Google's files, in one version or another.
    if (!name.startsWith(WELL_KNOWN_FOLDER)) this.#warnOfConflict(added, file, isLeftOut);
    if (isLeftOut) return;
    this.#take(proto, file);
  }

  #warnOfConflict(added: DescriptorPool, { name }: DescribedFile, isLeftOut: boolean): void {
    const symbols = [...added.#symbols.keys()];
    if (isLeftOut) {
      const lost = symbols.find((symbol) => !this.#symbols.has(symbol));
      if (lost !== undefined) this.warn(`two files are named ${name}: the one that defines ${lost} is left out`);
      return;
    }
    const twice = symbols.find((symbol) => this.#symbols.has(symbol));
    const other = twice === undefined ? undefined : this.#symbols.get(twice);
    if (other) this.warn(`${twice} is defined in ${other.name} and in ${name}: who reads both may refuse them`);
  }

  #take(proto: descriptor.IFileDescriptorProto, file: DescribedFile): void {
    this.#files.set(file.name, file);
    const scope = proto.package ? `${proto.package}.` : '';
    for (const each of proto.messageType ?? []) this.#addMessage(each, scope, file);
    for (const each of proto.enumType ?? []) this.#addEnum(each, scope, file);
    for (const each of proto.extension ?? []) this.#addExtension(each, scope, file);
    for (const service of proto.service ?? []) {
      this.#addSymbol(scope + service.name, file);
      for (const { name: method } of service.method ?? []) this.#addSymbol(`${scope}${service.name}.${method}`, file);
    }
  }

  /** The file of this name. */
  file(name: string): DescribedFile | undefined {
    return this.#files.get(name);
  }

  /** The file that defines a message, enum, service, method, field, oneof, enum value or extension. */
  fileOfSymbol(symbol: string): DescribedFile | undefined {
    return this.#symbols.get(symbol);
  }

  /** The file that defines the extension of a message type with this number. */
  fileOfExtension(type: string, number: number): DescribedFile | undefined {
    return this.#extensions.get(type)?.get(number);
  }

  /** The numbers of the extensions of a message type, ascending; undefined where there is no such type. */
  extensionNumbers(type: string): number[] | undefined {
    const known = this.#extensions.get(type);
    if (known === undefined) return this.#types.has(type) ? [] : undefined;
    return [...known.keys()].sort((a, b) => a - b);
  }

  /** A file and all that it imports, itself first. */
  withImports(file: DescribedFile): DescribedFile[] {
    const found = new Set([file]);
    for (const each of found) {
      for (const name of each.imports) {
        const imported = this.#files.get(name);
        if (imported) found.add(imported);
      }
    }
    return [...found];
  }

  #addMessage(message: descriptor.IDescriptorProto, scope: string, file: DescribedFile): void {
    const name = scope + message.name;
    this.#addSymbol(name, file);
    this.#types.add(name);
    const inner = `${name}.`;
    for (const field of message.field ?? []) this.#addSymbol(inner + field.name, file);
    for (const oneof of message.oneofDecl ?? []) this.#addSymbol(inner + oneof.name, file);
    for (const each of message.extension ?? []) this.#addExtension(each, inner, file);
    for (const each of message.enumType ?? []) this.#addEnum(each, inner, file);
    for (const each of message.nestedType ?? []) this.#addMessage(each, inner, file);
  }

  /** The values of an enum are in the scope of the enum. */
  #addEnum({ name, value }: descriptor.IEnumDescriptorProto, scope: string, file: DescribedFile): void {
    this.#addSymbol(scope + name, file);
    for (const each of value ?? []) this.#addSymbol(scope + each.name, file);
  }

  #addExtension(field: descriptor.IFieldDescriptorProto, scope: string, file: DescribedFile): void {
    this.#addSymbol(scope + field.name, file);
    const type = (field.extendee ?? '').replace(/^\./, '');
    let known = this.#extensions.get(type);
    if (!known) this.#extensions.set(type, (known = new Map<number, DescribedFile>()));
    if (!known.has(field.number ?? 0)) known.set(field.number ?? 0, file);
  }

  #addSymbol(name: string, file: DescribedFile): void {
    if (!this.#symbols.has(name)) this.#symbols.set(name, file);
  }
}
