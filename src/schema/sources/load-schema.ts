import protobuf from 'protobufjs';
import type { MessageCodec } from '../../protocol/wire/message-codec.js';
import { unknownOptions } from '../../protocol/core/option-names.js';
import { shapeOf } from '../../protocol/core/method-shape.js';
import type { StatusDetail } from '../../protocol/core/status.js';
import { describe } from '../codec/encode/encode-error.js';
import type { UnknownProperties, WarningSink } from '../codec/encode/unknown-properties.js';
import { DEFAULT_MAX_DEPTH, HIGHEST_MAX_DEPTH } from '../codec/depth.js';
import { isOpened, partsOf, typeUrlOf, type PackedMessage, type PackOptions } from '../any-value.js';
import { typeNameOf } from '../codec/well-known-types.js';
import { noteDefinition } from '../definition-source.js';
import { withAbsolutePaths } from './absolute-paths.js';
import { checkedDescriptors } from './checked-descriptors.js';
import { rootOfDescriptorSet } from './file-descriptor-set.js';
import { nameGroups } from './groups.js';
import type { LoaderOptions } from './loader-options.js';
import { MessageTypes } from '../message-types.js';
import { COMMENT_OPTIONS, LOADER_OPTIONS } from '../option-names.js';
import { bundledTypes, ProtoFiles } from './proto-files.js';
import { errorText, SchemaError } from '../schema-error.js';
import type { ReflectionRoot, RootDescriptor, Schema, SchemaOptions } from '../schema.js';
import type { MethodDescriptor, ServiceDescriptor } from '../service-descriptor.js';
import { servicesIn } from '../services-in.js';
import { checkSame } from './same-definitions.js';
import { isIdempotent } from '../idempotency.js';
import { didYouMean, lastSegment } from '../../protocol/core/suggest.js';

/** What a message type's name begins with where it may be one that comes with this library. */
const WELL_KNOWN_NAME = /^google\.(protobuf|rpc)\./;

/**
 * Reads and checks a schema, synchronously. `warn` takes the warnings of `unknownProperties`; by default they are
 * warnings of the process.
 * @throws {SchemaError} for a file that is missing or does not parse, an import or type that is missing, two
 * definitions of one name, an option of the wrong kind, and an unknown `package`
 */
export function loadSchema(options: SchemaOptions, warn: WarningSink = emitWarning): Schema {
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw new SchemaError(`a schema takes options such as { protoPath: 'greeter.proto' }; got ${describe(options)}`);
  }
  const loader = options.loader ?? {};
  checkLoader(loader, warn);
  const maxDepth = depthOf(options);
  const properties = { unknown: unknownPropertiesOf(options), warn };
  const roots = rootsOf(options, loader);
  checkSame(roots);
  const sources = [...roots.values()].map((root) => new MessageTypes(root, loader, maxDepth, properties));
  const descriptors = options.descriptors ?? [];
  if (sources.length === 0 && descriptors.length === 0) {
    throw new SchemaError('a schema needs protoPath, descriptors, root or fileDescriptorSet: none of them was given');
  }
  const services = checkedDescriptors(descriptors);
  const source = { kind: 'options', options: withAbsolutePaths(options) } as const;
  const packages = listOf(options.package, 'package');
  for (const types of sources) {
    for (const service of servicesIn(types.root)) {
      const name = service.fullName.slice(1);
      // A descriptor was given on purpose: it takes the place of what the files say.
      if (services.has(name) || !isInPackages(name, packages)) continue;
      const described = describeService(service, types);
      noteDefinition(described, source);
      services.set(name, described);
    }
  }
  checkPackages(packages, sources);
  return new LoadedSchema(services, sources, () => new MessageTypes(bundledTypes(loader), loader, maxDepth));
}

/** The types of each source, by the option that says it. */
function rootsOf(options: SchemaOptions, loader: LoaderOptions): Map<string, protobuf.Root> {
  const roots = new Map<string, protobuf.Root>();
  const files = listOf(options.protoPath, 'protoPath');
  if (files.length > 0) roots.set('protoPath', new ProtoFiles(loader).load(files));
  const { root, fileDescriptorSet } = options;
  if (root !== undefined && root !== null) roots.set('root', copyRoot(root));
  if (fileDescriptorSet !== undefined && fileDescriptorSet !== null) {
    roots.set('fileDescriptorSet', rootOfDescriptorSet(fileDescriptorSet, loader.keepCase ?? false));
  }
  return roots;
}

class LoadedSchema implements Schema {
  readonly services: ReadonlyMap<string, ServiceDescriptor>;
  readonly #sources: readonly MessageTypes[];
  readonly #loadWellKnown: () => MessageTypes;
  #wellKnown: MessageTypes | undefined;

  /** `loadWellKnown` is asked when a type of Google's is packed or unpacked that the sources lack. */
  constructor(
    services: ReadonlyMap<string, ServiceDescriptor>,
    sources: readonly MessageTypes[],
    loadWellKnown: () => MessageTypes,
  ) {
    this.services = services;
    this.#sources = sources;
    this.#loadWellKnown = loadWellKnown;
  }

  resolve(name: string): ServiceDescriptor {
    const exact = this.services.get(name);
    if (exact) return exact;
    const known = [...this.services.keys()];
    const short = known.filter((qualified) => lastSegment(qualified) === name);
    if (short.length === 1) return this.services.get(short[0] as string) as ServiceDescriptor;
    if (short.length > 1) {
      throw new SchemaError(`service name '${name}' is ambiguous: it can be ${short.join(' or ')}`);
    }
    const list = known.length === 0 ? 'it has no services' : `it has ${known.join(', ')}`;
    throw new SchemaError(`service '${name}' is not in the schema: ${list}.${didYouMean(name, known)}`);
  }

  findType(typeName: string): MessageCodec | undefined {
    for (const types of this.#sources) {
      const type = types.find(typeName);
      if (type) return types.codec(type);
    }
    for (const service of this.services.values()) {
      for (const name of Object.keys(service.methods)) {
        const { request, response } = service.methods[name] as MethodDescriptor;
        if (request.typeName === typeName) return request;
        if (response.typeName === typeName) return response;
      }
    }
    return undefined;
  }

  pack(typeName: string, value: object, options: PackOptions = {}): StatusDetail {
    return { typeUrl: typeUrlOf(typeName, options), value: this.#type(typeName).encode(value) };
  }

  unpack(packed: PackedMessage): unknown {
    if (isOpened(packed)) return packed;
    const { typeUrl, value } = partsOf(packed);
    return this.#type(typeNameOf(typeUrl)).decode(value);
  }

  #type(typeName: string): MessageCodec {
    const codec = this.findType(typeName) ?? this.#wellKnownType(typeName);
    if (codec) return codec;
    const known = this.#sources.flatMap((types) => types.names());
    throw new SchemaError(`message type '${typeName}' is not in the schema.${didYouMean(typeName, known)}`);
  }

  #wellKnownType(typeName: string): MessageCodec | undefined {
    if (!WELL_KNOWN_NAME.test(typeName)) return undefined;
    const types = (this.#wellKnown ??= this.#loadWellKnown());
    const type = types.find(typeName);
    return type && types.codec(type);
  }
}

function describeService(service: protobuf.Service, types: MessageTypes): ServiceDescriptor {
  const methods = Object.create(null) as Record<string, MethodDescriptor>;
  for (const method of service.methodsArray) {
    const { resolvedRequestType, resolvedResponseType } = method.resolve() as protobuf.Method;
    const rpc = `${service.fullName.slice(1)}/${method.name}`;
    methods[method.name] = {
      name: method.name,
      shape: shapeOf(method),
      // Resolved types of a resolved method are never null.
      request: types.codecFor(resolvedRequestType as protobuf.Type, `request of ${rpc}`),
      response: types.codecFor(resolvedResponseType as protobuf.Type, `response of ${rpc}`),
      ...(isIdempotent(method.options?.['idempotency_level']) && { idempotent: true }),
    };
  }
  return { name: service.fullName.slice(1), methods };
}

function isInPackages(service: string, packages: readonly string[]): boolean {
  return packages.length === 0 || packages.some((name) => service.startsWith(`${name}.`));
}

function checkPackages(packages: readonly string[], sources: readonly MessageTypes[]): void {
  for (const name of packages) {
    if (sources.some(({ root }) => isNamespace(root, name))) continue;
    const known = new Set(sources.flatMap(({ root }) => [...servicesIn(root)].map(packageOf)));
    const list = known.size === 0 ? 'there are no services' : `services are in ${[...known].join(', ')}`;
    throw new SchemaError(`package '${name}' is not in the schema: ${list}.${didYouMean(name, known)}`);
  }
}

function isNamespace(root: protobuf.Root, name: string): boolean {
  const found = root.lookup(`.${name}`);
  // protobufjs also finds names further down: only this very one counts.
  return found instanceof protobuf.Namespace && found.fullName === `.${name}`;
}

function packageOf(service: protobuf.Service): string {
  return service.parent?.fullName.slice(1) ?? '';
}

/** `longs: 'String'` would be taken for no option at all: these are functions. */
function checkLoader(loader: LoaderOptions, warn: WarningSink): void {
  if (typeof loader !== 'object' || (loader as unknown) === null) {
    throw new SchemaError(`loader: expected an object such as { longs: String }, got ${describe(loader)}`);
  }
  for (const name of ['longs', 'enums', 'bytes'] as const) {
    const option: unknown = loader[name];
    if (option === undefined || option === null || typeof option === 'function') continue;
    throw new SchemaError(`loader.${name}: expected a function such as String, got ${describe(option)}`);
  }
  for (const name of ['keepCase', 'defaults', 'arrays', 'objects', 'oneofs', 'json'] as const) {
    const option: unknown = loader[name];
    if (option === undefined || option === null || typeof option === 'boolean') continue;
    throw new SchemaError(`loader.${name}: expected true or false, got ${describe(option)}`);
  }
  unknownOptions('loader', loader, LOADER_OPTIONS, COMMENT_OPTIONS).forEach(warn);
}

function unknownPropertiesOf({ unknownProperties = 'warn' }: SchemaOptions): UnknownProperties {
  if (['error', 'warn', 'ignore'].includes(unknownProperties)) return unknownProperties;
  throw new SchemaError(`unknownProperties: expected 'error', 'warn' or 'ignore', got ${describe(unknownProperties)}`);
}

function emitWarning(line: string): void {
  process.emitWarning(line, { type: 'TtrpcWarning' });
}

/** Where the codecs still fit on the stack. */
function depthOf({ maxMessageDepth = DEFAULT_MAX_DEPTH }: SchemaOptions): number {
  if (Number.isInteger(maxMessageDepth) && maxMessageDepth >= 1 && maxMessageDepth <= HIGHEST_MAX_DEPTH) {
    return maxMessageDepth;
  }
  throw new SchemaError(
    `maxMessageDepth: expected an integer from 1 to ${HIGHEST_MAX_DEPTH}, got ${describe(maxMessageDepth)}`,
  );
}

function copyRoot(source: NonNullable<SchemaOptions['root']>): protobuf.Root {
  const { toJSON } = source as Partial<ReflectionRoot>;
  const json = (typeof toJSON === 'function' ? toJSON.call(source) : source) as RootDescriptor;
  if (typeof json !== 'object' || json === null || typeof json.nested !== 'object') {
    throw new SchemaError(
      `root: expected a protobufjs Root or its JSON form (an object with \`nested\`), got ${inWords(source)}`,
    );
  }
  try {
    const root = protobuf.Root.fromJSON(json as protobuf.INamespace);
    nameGroups(root);
    root.resolveAll();
    return root;
  } catch (cause) {
    throw new SchemaError(`root: ${errorText(cause)}`, { cause });
  }
}

/** Descriptors of other libraries are given here by mistake. */
function inWords(source: unknown): string {
  const { kind, typeName, file } = (source ?? {}) as { kind?: unknown; typeName?: unknown; file?: unknown };
  if (typeof kind === 'string' && typeof typeName === 'string') return `the ${kind} ${typeName} of protobuf-es`;
  if (Array.isArray(file) || ArrayBuffer.isView(source)) return `${describe(source)}; is it a fileDescriptorSet?`;
  return describe(source);
}

function listOf(value: string | readonly string[] | undefined, option: string): readonly string[] {
  const list = value === undefined || value === null ? [] : typeof value === 'string' ? [value] : value;
  const expected = `${option}: expected a string or an array of strings`;
  if (!Array.isArray(list)) throw new SchemaError(`${expected}, got ${describe(list)}`);
  for (const item of list as readonly unknown[]) {
    const got = Array.isArray(value) ? 'an array with ' : '';
    if (typeof item !== 'string' || item === '') throw new SchemaError(`${expected}, got ${got}${describe(item)}`);
  }
  return list as readonly string[];
}
