import protobuf from 'protobufjs';
import type descriptor from 'protobufjs/ext/descriptor.js';
import { descriptorTypes } from '../schema/sources/descriptor-types.js';
import { editionOf, isGroup, outermostOf } from '../schema/codec/editions.js';
import { spelledName } from '../schema/codec/reflection.js';
import { defaultText } from './default-text.js';
import { definitionsIn, describedName, ownFieldsOf, packageOf } from './definitions.js';
import { knownOptions } from './descriptor-options.js';

type Field = descriptor.IFieldDescriptorProto;
type Message = descriptor.IDescriptorProto;
type File = descriptor.IFileDescriptorProto;

/** The name of the file that defines an object which stands in a package itself. */
export type FileNameOf = (definition: protobuf.ReflectionObject) => string;

/** FieldDescriptorProto.Type by protobufjs's name. */
const SCALARS: Readonly<Record<string, number>> = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  fixed64: 6,
  fixed32: 7,
  bool: 8,
  string: 9,
  bytes: 12,
  uint32: 13,
  sfixed32: 15,
  sfixed64: 16,
  sint32: 17,
  sint64: 18,
};
const GROUP = 10;
const MESSAGE = 11;
const ENUM = 14;
const OPTIONAL = 1;
const REQUIRED = 2;
const REPEATED = 3;

/**
 * The FileDescriptorProtos of the definitions in a root, as protoc would make them but for comments, unused imports,
 * options of files and options that files define themselves. What has one file's name is of one package and edition.
 * protobufjs's own `toDescriptor` knows no imports and makes one file of a package. Definitions that are `elsewhere` are
 * left out: their files are only imported.
 */
export function describeRoot(
  root: protobuf.Root,
  fileNameOf: FileNameOf,
  elsewhere: (definition: protobuf.ReflectionObject) => boolean = () => false,
): Uint8Array[] {
  const files = new Map<string, FileBuilder>();
  for (const each of definitionsIn(root)) {
    if (elsewhere(each)) continue;
    const name = fileNameOf(each);
    let file = files.get(name);
    if (!file) files.set(name, (file = new FileBuilder(name, each, fileNameOf)));
    file.add(each);
  }
  return [...files.values()].map((file) => file.finish());
}

/** One file of a root. */
class FileBuilder {
  readonly #imports = new Set<string>();
  readonly #edition: string;
  readonly #file: File;

  constructor(
    private readonly name: string,
    first: protobuf.ReflectionObject,
    private readonly fileNameOf: FileNameOf,
  ) {
    this.#edition = editionOf(first);
    this.#file = {
      name,
      package: packageOf(first) || undefined,
      messageType: [],
      enumType: [],
      service: [],
      extension: [],
    };
  }

  add(definition: protobuf.ReflectionObject): void {
    if (definition instanceof protobuf.Type) this.#file.messageType?.push(this.#message(definition));
    else if (definition instanceof protobuf.Enum) this.#file.enumType?.push(describeEnum(definition));
    else if (definition instanceof protobuf.Service) this.#file.service?.push(this.#service(definition));
    else if (definition instanceof protobuf.Field) this.#file.extension?.push(this.#extension(definition));
  }

  finish(): Uint8Array {
    const { FileDescriptorProto } = descriptorTypes();
    const syntax =
      this.#edition === 'proto2'
        ? {}
        : this.#edition === 'proto3'
          ? { syntax: 'proto3' }
          : { syntax: 'editions', edition: `EDITION_${this.#edition}` };
    const file = { ...this.#file, dependency: [...this.#imports].sort(), ...syntax };
    return FileDescriptorProto.encode(FileDescriptorProto.fromObject(file)).finish();
  }

  #message(type: protobuf.Type): Message {
    // Those of `optional` in proto3 stand last.
    const oneofs = [...type.oneofsArray].sort((a, b) => Number(a.isProto3Optional) - Number(b.isProto3Optional));
    const fields = ownFieldsOf(type);
    const nested = type.nestedArray;
    const maps = fields.filter((field) => field instanceof protobuf.MapField);
    return {
      name: type.name,
      field: fields.map((field) => ({
        ...this.#field(field),
        ...(field.partOf && { oneofIndex: oneofs.indexOf(field.partOf) }),
      })),
      nestedType: [
        ...nested.filter((each) => each instanceof protobuf.Type).map((each) => this.#message(each)),
        ...maps.map((field) => this.#mapEntry(field)),
      ],
      enumType: nested.filter((each) => each instanceof protobuf.Enum).map(describeEnum),
      extension: nested.filter((each) => each instanceof protobuf.Field).map((each) => this.#extension(each)),
      extensionRange: (type.extensions ?? []).map(endExclusive),
      oneofDecl: oneofs.map((oneof) => ({
        name: oneof.name,
        options: knownOptions(oneof, descriptorTypes().OneofOptions),
      })),
      reservedRange: (type.reserved ?? []).flatMap((each) => (typeof each === 'string' ? [] : endExclusive(each))),
      reservedName: (type.reserved ?? []).filter((each) => typeof each === 'string'),
      options: knownOptions(type, descriptorTypes().MessageOptions),
    };
  }

  #field(field: protobuf.Field): Field {
    const { jsonName } = field as { jsonName?: string };
    const name = describedName(field);
    const { default: value, proto3_optional: isProto3Optional } = field.options ?? {};
    const given = field.options?.['json_name'] as string | undefined;
    const described: Field = {
      name,
      number: field.id,
      label: field.repeated || field.map ? REPEATED : field.rule === 'required' ? REQUIRED : OPTIONAL,
      jsonName: given ?? (isGroup(field) ? name : (jsonName ?? protobuf.util.camelCase(name))),
      options: knownOptions(field, descriptorTypes().FieldOptions),
      ...(field instanceof protobuf.MapField
        ? { type: MESSAGE, typeName: `${field.parent?.fullName}.${entryName(name)}` }
        : this.#type(field)),
    };
    if (value !== undefined && value !== null) described.defaultValue = defaultText(field, value);
    if (isProto3Optional === true) described.proto3Optional = true;
    return described;
  }

  #type(field: protobuf.Field): Pick<Field, 'type' | 'typeName'> {
    const { resolvedType } = field.resolve();
    if (resolvedType === null) return { type: SCALARS[field.type] };
    const typeName = this.#reference(resolvedType);
    if (resolvedType instanceof protobuf.Enum) return { type: ENUM, typeName };
    return { type: isGroup(field) ? GROUP : MESSAGE, typeName };
  }

  #extension(field: protobuf.Field): Field {
    const extended = field.extensionField?.parent;
    return { ...this.#field(field), extendee: extended ? this.#reference(extended) : field.extend };
  }

  #mapEntry(field: protobuf.MapField): Message {
    const { keyType } = field;
    const name = spelledName(field);
    return {
      name: entryName(name),
      field: [
        { name: 'key', number: 1, label: OPTIONAL, type: SCALARS[keyType], jsonName: 'key' },
        {
          name: 'value',
          number: 2,
          label: OPTIONAL,
          jsonName: 'value',
          ...this.#type(field as protobuf.FieldBase as protobuf.Field),
        },
      ],
      options: { mapEntry: true },
    };
  }

  #service(service: protobuf.Service): descriptor.IServiceDescriptorProto {
    const { MethodOptions, ServiceOptions } = descriptorTypes();
    const method = service.methodsArray.map((each) => {
      const { resolvedRequestType, resolvedResponseType } = each.resolve() as protobuf.Method;
      return {
        name: each.name,
        // Resolved types of a resolved method are never null.
        inputType: this.#reference(resolvedRequestType as protobuf.Type),
        outputType: this.#reference(resolvedResponseType as protobuf.Type),
        ...(each.requestStream && { clientStreaming: true }),
        ...(each.responseStream && { serverStreaming: true }),
        options: knownOptions(each, MethodOptions),
      };
    });
    return { name: service.name, method, options: knownOptions(service, ServiceOptions) };
  }

  /** The full name of a type, whose file is imported. */
  #reference(type: protobuf.ReflectionObject): string {
    const file = this.fileNameOf(outermostOf(type));
    if (file !== this.name) this.#imports.add(file);
    return type.fullName;
  }
}

function describeEnum(type: protobuf.Enum): descriptor.IEnumDescriptorProto {
  const { EnumOptions, EnumValueOptions } = descriptorTypes();
  const reserved = type.reserved ?? [];
  const described = {
    name: type.name,
    value: Object.entries(type.values).map(([name, number]) => ({
      name,
      number,
      options: knownOptions({ options: type.valuesOptions?.[name] }, EnumValueOptions),
    })),
    options: knownOptions(type, EnumOptions),
    // Unlike those of messages, with their end.
    reservedRange: reserved.flatMap((each) => (typeof each === 'string' ? [] : { start: each[0], end: each[1] })),
    reservedName: reserved.filter((each) => typeof each === 'string'),
  };
  return described;
}

/** As protoc names the message of a map's entries: `my_map` has `MyMapEntry`. */
function entryName(field: string): string {
  return `${field.replace(/(?:^|_+)(.?)/g, (_match, first: string) => first.toUpperCase())}Entry`;
}

function endExclusive([start = 0, end = 0]: readonly number[]): { start: number; end: number } {
  return { start, end: end + 1 };
}
