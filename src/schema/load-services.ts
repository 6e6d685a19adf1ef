import { warnOfOptions } from '../protocol/core/option-names.js';
import { SCHEMA_OPTIONS } from './option-names.js';
import { loadSchema } from './sources/load-schema.js';
import type { Schema, SchemaOptions } from './schema.js';
import type { ServiceDescriptor } from './service-descriptor.js';

/** The services of a schema, for `implement` and `client.service` of `nestjs-ttrpc/protocol`. */
export interface LoadedServices extends Schema {
  /** As {@link Schema.resolve}: a service by its qualified name, or by its short name where that is unique. */
  get(name: string): ServiceDescriptor;
}

/**
 * Loads services from .proto files, a FileDescriptorSet or protobufjs roots: `loadServices({ protoPath
 * }).get('containerd.task.v2.Task')`. As {@link loadSchema}, synchronously and with the same options and errors.
 */
export function loadServices(options: SchemaOptions): LoadedServices {
  const schema = loadSchema(options);
  warnOfOptions('loadServices', options, SCHEMA_OPTIONS);
  return {
    services: schema.services,
    resolve: (name) => schema.resolve(name),
    get: (name) => schema.resolve(name),
    findType: (name) => schema.findType(name),
    pack: (name, value, packOptions) => schema.pack(name, value, packOptions),
    unpack: (packed) => schema.unpack(packed),
  };
}
