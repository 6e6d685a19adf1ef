import type { MessageCodec } from '../protocol/wire/message-codec.js';
import type { StatusDetail } from '../protocol/core/status.js';
import type { PackedMessage, PackOptions } from './any-value.js';
import type { UnknownProperties } from './codec/encode/unknown-properties.js';
import type { LoaderOptions } from './sources/loader-options.js';
import type { ServiceDescriptor } from './service-descriptor.js';

/**
 * What a schema is made of. At least one of `protoPath`, `descriptors`, `root` and `fileDescriptorSet`; several add up,
 * and what more than one of them defines must be the same in all.
 */
export interface SchemaOptions {
  /** One or several .proto files: absolute, relative to the working directory, or to one of `loader.includeDirs`. */
  protoPath?: string | string[];
  /** Serve only the services of these packages (and of packages inside them). By default all that the files define. */
  package?: string | string[];
  /** How the files are read and what decoded messages look like; see {@link LoaderOptions}. */
  loader?: LoaderOptions;
  /** Services whose types come from elsewhere (generated code, an adapter). Their codecs are used as they are. */
  descriptors?: readonly ServiceDescriptor[];
  /** A protobufjs `Root` (of any copy of protobufjs 7 or 8) or its JSON form. It is copied, not changed. */
  root?: ReflectionRoot | RootDescriptor;
  /**
   * A google.protobuf.FileDescriptorSet, complete with its imports: its bytes (`protoc --include_imports
   * --descriptor_set_out`, `buf build -o`), or the message as protobufjs, protobuf-es or JSON have it.
   */
  fileDescriptorSet?: Uint8Array | FileDescriptorSetObject;
  /**
   * How deep messages may be nested below the outermost one, in both directions, a google.protobuf.Any counting as one
   * level: 1 to 1,000, by default 100 as in most implementations of protobuf. A deeper one is a DecodeError or an
   * EncodeError. Code of generators (`descriptors`) has limits of its own.
   */
  maxMessageDepth?: number;
  /**
   * What is done about a property of a message that is not a field of its type (`{ mesage }`), which would not be sent:
   * `'warn'` (the default) logs one line for each type and property, `'error'` makes an EncodeError of it, `'ignore'`
   * drops it silently. Only own enumerable properties with a value count; functions, null, and names that begin with `$`
   * do not. To cost nothing that can be noticed, `'warn'` looks at the first 100 messages of each type and at every
   * 101st of the later ones; `'error'` looks at all. Code of generators (`descriptors`) is not checked.
   */
  unknownProperties?: UnknownProperties;
}

/** What is needed of a protobufjs `Root`: it may come from another copy of protobufjs than this library's. */
export interface ReflectionRoot {
  toJSON(): object;
}

/** A protobufjs JSON descriptor, as `pbjs -t json` writes it. */
export interface RootDescriptor {
  options?: Record<string, unknown>;
  nested?: Record<string, unknown>;
}

/** A parsed google.protobuf.FileDescriptorSet, of whatever library. */
export interface FileDescriptorSetObject {
  file: readonly object[];
}

/** The services and message types of one server or client. */
export interface Schema {
  /** The services by qualified name (`demo.v1.Greeter`), in the order of the files; those of `package` only. */
  readonly services: ReadonlyMap<string, ServiceDescriptor>;
  /**
   * A service by its qualified name, or by its short name where that is unique.
   * @throws {SchemaError} with what there is when there is none, or with the candidates when there are several
   */
  resolve(name: string): ServiceDescriptor;
  /**
   * The codec of a message type by its qualified name, or undefined when the schema does not know it.
   * Types of all files count, also of imported ones and those outside `package`.
   */
  findType(typeName: string): MessageCodec | undefined;
  /**
   * Encodes `value` as a detail of a status or for a google.protobuf.Any field: its bytes under a type URL, which is
   * `type.googleapis.com/` and the type's name unless `options` say otherwise. The types of google.protobuf and
   * google.rpc that come with this library count as types of the schema.
   * @throws {SchemaError} for a type that the schema does not know, EncodeError for a wrong value
   */
  pack(typeName: string, value: object, options?: PackOptions): StatusDetail;
  /**
   * Decodes a detail of a status or a google.protobuf.Any by the name behind the last slash of its type URL. A message
   * with `@type`, which `loader.json` has decoded already, is given back.
   * @throws {SchemaError} for a type that the schema does not know; decoding errors as they are
   */
  unpack(packed: PackedMessage): unknown;
}
