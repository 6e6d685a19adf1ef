import protobuf from 'protobufjs';
import { noteDefinition } from '../definition-source.js';
import type { Schema } from '../schema.js';
import { loadSchema } from './load-schema.js';
import type { LoaderOptions } from './loader-options.js';

/** A .proto file that this library carries as text, so that both module formats have it without a file to find. */
export interface ProtoText {
  /** As an import of it has it: `grpc/health/v1/health.proto`. */
  readonly name: string;
  /** It imports nothing. */
  readonly text: string;
}

/** The schema of one .proto file that is given as text. @throws SchemaError */
export function loadProtoText(proto: ProtoText, loader: LoaderOptions): Schema {
  const { root } = protobuf.parse(proto.text, { keepCase: loader.keepCase ?? false });
  const schema = loadSchema({ root, loader });
  for (const service of schema.services.values()) noteDefinition(service, { kind: 'text', ...proto });
  return schema;
}
