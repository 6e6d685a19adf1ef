import type { OptionNames } from '../protocol/core/option-names.js';
import type { SchemaOptions } from './schema.js';
import type { LoaderOptions } from './sources/loader-options.js';

/** The options that say where services come from. */
export const SCHEMA_OPTIONS: OptionNames<SchemaOptions> = {
  descriptors: true,
  fileDescriptorSet: true,
  loader: true,
  maxMessageDepth: true,
  package: true,
  protoPath: true,
  root: true,
  unknownProperties: true,
};

/** The options in `loader`. */
export const LOADER_OPTIONS: OptionNames<LoaderOptions> = {
  arrays: true,
  bytes: true,
  defaults: true,
  enums: true,
  includeDirs: true,
  json: true,
  keepCase: true,
  longs: true,
  objects: true,
  oneofs: true,
};

/** What `@grpc/proto-loader` takes as well. It concerns comments, which no service has. */
export const COMMENT_OPTIONS = { alternateCommentMode: true, preferTrailingComment: true };
