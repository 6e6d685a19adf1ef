import protobuf from 'protobufjs';
import type descriptor from 'protobufjs/ext/descriptor.js';
import type { ReadOptions } from './descriptor-messages.js';

type File = descriptor.IFileDescriptorProto;
type Message = descriptor.IDescriptorProto;
type Field = NamedField;
type Enum = descriptor.IEnumDescriptorProto;
type Service = descriptor.IServiceDescriptorProto;
type Method = descriptor.IMethodDescriptorProto;

/** A field whose property in messages may be named otherwise than the field is in JSON. */
export interface NamedField extends descriptor.IFieldDescriptorProto {
  propertyName?: string;
}

/** protobufjs's types by the number that FieldDescriptorProto.Type has for them. */
const SCALARS: Readonly<Record<number, string>> = {
  ...{
    1: 'double',
    2: 'float',
    3: 'int64',
    4: 'uint64',
    5: 'int32',
    6: 'fixed64',
    7: 'fixed32',
    8: 'bool',
    9: 'string',
  },
  ...{ 12: 'bytes', 13: 'uint32', 15: 'sfixed32', 16: 'sfixed64', 17: 'sint32', 18: 'sint64' },
};
const TYPE_GROUP = 10;
const TYPE_MESSAGE = 11;
const LABEL_REQUIRED = 2;
const LABEL_REPEATED = 3;

const EDITIONS: Readonly<Record<number, string>> = { 1000: '2023', 1001: '2024', 1002: '2026' };
const VISIBILITIES = [undefined, 'local', 'export'] as const;

/** What a file says of all that is defined in it, at its outermost level. */
interface Context {
  readonly edition: string;
  readonly features: object | undefined;
}

/** What protobufjs keeps without telling its types: the edition of an outermost object. */
interface Outermost {
  _edition?: string;
  options?: Record<string, unknown>;
}

/**
 * The types of files as protobufjs's reflection has them: as its extension makes them (`Root.fromDescriptor`), which takes
 * 20 ms to load. `files` are as `readFileSet` gives them; a field has its `propertyName`, else its `jsonName`.
 * @throws Error for what cannot be, such as a type that is not there
 */
export function rootOfFiles(files: readonly File[]): protobuf.Root {
  const root = new protobuf.Root();
  for (const file of files) addFile(root, file);
  root.resolveAll();
  return root;
}

function addFile(root: protobuf.Root, file: File): void {
  const scope: protobuf.NamespaceBase = file.package ? root.define(file.package) : root;
  const options = (file.options ?? {}) as ReadOptions;
  const context = { edition: editionOf(file), features: options['features'] as object | undefined };
  if (file.name) {
    scope.filename = file.name;
    root.files.push(file.name);
  }
  const groups = groupsOf(file.extension);
  for (const message of file.messageType ?? []) scope.add(outermost(typeOf(message, groups, 0), context));
  for (const described of file.enumType ?? []) scope.add(outermost(enumOf(described), context));
  for (const field of file.extension ?? []) scope.add(outermost(fieldOf(field), context));
  for (const service of file.service ?? []) scope.add(outermost(serviceOf(service), context));
  for (const [name, value] of Object.entries(options)) scope.setOption(name, value);
}

function editionOf({ syntax, edition }: File): string {
  if (syntax === 'proto3') return 'proto3';
  if (syntax !== 'editions') return 'proto2';
  const name = EDITIONS[edition as unknown as number];
  if (name === undefined) throw new Error(`edition ${String(edition)} is not known`);
  return name;
}

/** What stands in others inherits this from them. */
function outermost<T extends protobuf.ReflectionObject>(object: T, { edition, features }: Context): T {
  const outer = object as Outermost;
  outer._edition = edition;
  if (features) (outer.options ??= {})['features'] = { ...features, ...(outer.options['features'] as object) };
  return object;
}

/** `groups` are the names of the types that are groups of fields beside this type. */
function typeOf(message: Message, groups: ReadonlySet<string>, depth: number): protobuf.Type {
  if (depth > protobuf.util.nestingLimit) throw new Error('types are nested too deep');
  const type = new protobuf.Type(identifier(message.name, 'a message'), message.options);
  if (groups.has(type.name)) (type as { group?: boolean }).group = true;
  type.visibility = VISIBILITIES[message.visibility ?? 0];
  for (const { name, options } of message.oneofDecl ?? []) {
    type.add(new protobuf.OneOf(identifier(name, 'a oneof'), options));
  }
  const nested = message.nestedType ?? [];
  const entries = new Map(nested.filter(isMapEntry).map((entry) => [entry.name, entry]));
  for (const described of message.field ?? []) {
    const entry = isEntryField(described) ? entries.get(lastPart(described.typeName)) : undefined;
    const field = entry ? mapFieldOf(described, entry) : fieldOf(described);
    type.add(field);
    if (described.oneofIndex !== undefined) oneofOf(type, described.oneofIndex).add(field as protobuf.Field);
  }
  for (const field of message.extension ?? []) type.add(fieldOf(field));
  const groupsHere = groupsOf([...(message.field ?? []), ...(message.extension ?? [])]);
  for (const inner of nested) if (!isMapEntry(inner)) type.add(typeOf(inner, groupsHere, depth + 1));
  for (const described of message.enumType ?? []) type.add(enumOf(described));
  const extensions = rangesOf(message.extensionRange, 1);
  if (extensions.length > 0) type.extensions = extensions;
  const reserved = [...rangesOf(message.reservedRange, 1), ...(message.reservedName ?? [])];
  if (reserved.length > 0) type.reserved = reserved;
  return type;
}

function isMapEntry({ options }: Message): boolean {
  return (options as ReadOptions | undefined)?.['map_entry'] === true;
}

function isEntryField({ label, type }: Field): boolean {
  return Number(label) === LABEL_REPEATED && Number(type) === TYPE_MESSAGE;
}

function oneofOf(type: protobuf.Type, index: number): protobuf.OneOf {
  const oneof = type.oneofsArray[index];
  if (!oneof) throw new Error(`${type.name} has no oneof ${index}`);
  return oneof;
}

/** The ranges with their last numbers in them; of an enum these are so already. */
function rangesOf(ranges: { start?: number; end?: number }[] | undefined, beyond: number): number[][] {
  return (ranges ?? []).map(({ start = 0, end = 0 }) => [start, end - beyond]);
}

function groupsOf(fields: readonly Field[] | undefined): ReadonlySet<string> {
  const groups = (fields ?? []).filter(({ type }) => Number(type) === TYPE_GROUP);
  return new Set(groups.map(({ typeName }) => lastPart(typeName)));
}

function lastPart(name = ''): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function fieldOf(described: Field): protobuf.Field {
  const { number = 0, extendee, defaultValue, proto3Optional } = described;
  const type = valueTypeOf(described);
  const extended = nonEmpty(extendee) && typeName(extendee);
  const field = named(new protobuf.Field(nameOf(described), number, type, ruleOf(described), extended), described);
  const options = described.options as Record<string, unknown> | undefined;
  if (options) field.options = options;
  if (proto3Optional) (field.options ??= {})['proto3_optional'] = true;
  if (nonEmpty(defaultValue)) field.setOption('default', defaultOf(defaultValue as string, type));
  return field;
}

function mapFieldOf(described: Field, entry: Message): protobuf.MapField {
  const part = (wanted: number): Field => {
    const field = entry.field?.find(({ number }) => number === wanted);
    if (!field) throw new Error(`${entry.name} is a map's entry without a field ${wanted}`);
    return field;
  };
  const { number = 0, options } = described;
  const types = [scalarOf(part(1)), valueTypeOf(part(2))] as const;
  return named(new protobuf.MapField(nameOf(described), number, ...types, options as object), described);
}

function nameOf({ propertyName, jsonName, name, number }: Field): string {
  return nonEmpty(propertyName) ?? nonEmpty(jsonName) ?? nonEmpty(name) ?? `field${number ?? 0}`;
}

function named<T extends protobuf.FieldBase>(field: T, { name, jsonName }: Field): T {
  if (nonEmpty(name) && name !== field.name) field.protoName = name;
  if (nonEmpty(jsonName)) field.jsonName = jsonName;
  return field;
}

function ruleOf({ label = 1 }: Field): string | undefined {
  const rules: Record<number, string | undefined> = {
    1: undefined,
    [LABEL_REQUIRED]: 'required',
    [LABEL_REPEATED]: 'repeated',
  };
  if (!(label in rules)) throw new Error(`a field's label is ${String(label)}`);
  return rules[label];
}

function valueTypeOf(field: Field): string {
  return nonEmpty(field.typeName) ? typeName(field.typeName) : scalarOf(field);
}

function scalarOf({ type = 1 }: Field): string {
  const scalar = SCALARS[type];
  if (scalar === undefined) throw new Error(`a field's type is ${String(type)}, and it has no type's name`);
  return scalar;
}

/** What descriptors have as text. 64-bit integers stay so: they are exact. */
function defaultOf(text: string, type: string): unknown {
  if (type === 'bool') return text === 'true';
  if (type === 'float' || type === 'double') {
    const word = /^(-?)(inf|nan)$/.exec(text);
    const value = word ? (word[2] === 'nan' ? NaN : word[1] ? -Infinity : Infinity) : Number(text);
    if (Number.isNaN(value) && !word) throw new Error(`the default of a ${type} is '${text}'`);
    return value;
  }
  if (!/^[su]?(int|fixed)(32|64)$/.test(type)) return text;
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`the default of an ${type} is '${text}'`);
  return type.endsWith('32') ? Number(text) : text;
}

function enumOf(described: Enum): protobuf.Enum {
  const values: Record<string, number> = {};
  const valuesOptions: Record<string, ReadOptions> = {};
  for (const { name: given, number = 0, options } of described.value ?? []) {
    const name = identifier(given, "an enum's value");
    // It would not become a property.
    if (name === '__proto__') continue;
    values[name] = number;
    if (options) valuesOptions[name] = valueOptionsOf(options as ReadOptions);
  }
  const hasOptions = Object.keys(valuesOptions).length > 0;
  const made = new protobuf.Enum(
    identifier(described.name, 'an enum'),
    values,
    described.options,
    ...([undefined, undefined, hasOptions ? valuesOptions : undefined] as never[]),
  );
  made.visibility = VISIBILITIES[described.visibility ?? 0];
  const { reservedRange, reservedName } = described as {
    reservedRange?: { start?: number; end?: number }[];
    reservedName?: string[];
  };
  const reserved = [...rangesOf(reservedRange, 0), ...(reservedName ?? [])];
  if (reserved.length > 0) made.reserved = reserved;
  return made;
}

/** The option of Google's that says an enum value's name in JSON is an extension. */
function valueOptionsOf({ json, ...options }: ReadOptions): ReadOptions {
  if (json === undefined) return options;
  return { ...options, '(pb.enumvalue.json).string': (json as { string?: string }).string ?? '' };
}

function serviceOf({ name, method, options }: Service): protobuf.Service {
  const service = new protobuf.Service(identifier(name, 'a service'), options);
  for (const described of method ?? []) service.add(methodOf(described));
  return service;
}

function methodOf({ name, inputType, outputType, clientStreaming, serverStreaming, options }: Method): protobuf.Method {
  const types = [typeName(inputType), typeName(outputType)] as const;
  const streams = [clientStreaming ?? false, serverStreaming ?? false] as const;
  return new protobuf.Method(identifier(name, 'a method'), 'rpc', ...types, ...streams, options);
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function identifier(name: string | undefined, what: string): string {
  if (name === undefined || name === '') throw new Error(`${what} has no name`);
  return name;
}

/** protobufjs would look for anything that it is given. */
function typeName(name = ''): string {
  if (!/^\.?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/.test(name)) throw new Error(`'${name}' is not the name of a type`);
  return name;
}
