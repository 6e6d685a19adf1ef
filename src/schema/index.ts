export type { DecodedAny, OpenedAny, PackedMessage, PackOptions } from './any-value.js';
export { DecodeError } from './codec/decode/decode-error.js';
export { EncodeError } from './codec/encode/encode-error.js';
export type { UnknownProperties, WarningSink } from './codec/encode/unknown-properties.js';
export type { IncludeDirs, LoaderOptions } from './sources/loader-options.js';
export { loadSchema } from './sources/load-schema.js';
export type { FileDescriptorSetObject, ReflectionRoot, RootDescriptor, Schema, SchemaOptions } from './schema.js';
export { SchemaError, type SchemaErrorPlace } from './schema-error.js';
export type { MethodDescriptor, ServiceDescriptor } from './service-descriptor.js';
