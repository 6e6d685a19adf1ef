import { loadSchema } from '../schema/sources/load-schema.js';
import type { Schema } from '../schema/schema.js';
import type { ServiceDescriptor } from '../schema/service-descriptor.js';
import type { RuntimeMethods } from './generated/messages.js';
import { descriptor } from './generated/descriptor.js';

/** The version of NRI whose messages these are; a runtime logs it with the plugin. */
export const NRI_VERSION = 'v0.12.5';

let loaded: Schema | undefined;

/** NRI's messages: enums by name, 64-bit integers as bigint, fields that were not sent with their defaults. */
export function nriSchema(): Schema {
  loaded ??= loadSchema({
    root: descriptor,
    loader: { defaults: true, longs: BigInt, enums: String },
    unknownProperties: 'error',
  });
  return loaded;
}

/** What plugins call in the runtime. */
export function runtimeService(): ServiceDescriptor<RuntimeMethods> {
  return nriSchema().resolve('nri.pkg.api.v1alpha1.Runtime') as ServiceDescriptor<RuntimeMethods>;
}
