import { loadSchema } from '../schema/sources/load-schema.js';
import type { Schema } from '../schema/schema.js';
import { descriptor } from './generated/descriptor.js';

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
