import type { SchemaOptions } from './schema.js';
import type { ServiceDescriptor } from './service-descriptor.js';

/** What a service's types were defined by, so that they can be described again (server reflection). */
export type DefinitionSource =
  /** The options of a schema. */
  | { readonly kind: 'options'; readonly options: SchemaOptions }
  /** The text of one .proto file and its name, as an import of it has it. */
  | { readonly kind: 'text'; readonly name: string; readonly text: string }
  /** FileDescriptorProtos of generated code, each after what it imports. */
  | { readonly kind: 'files'; readonly files: () => readonly Uint8Array[] };

/** `Symbol.for`, so that the ESM and the CommonJS copy of this library agree on it. */
const DEFINED_BY = Symbol.for('nestjs-ttrpc:defined-by');

/** Notes on a descriptor what defines its types; a later note replaces an earlier one. */
export function noteDefinition(service: ServiceDescriptor, source: DefinitionSource): void {
  Object.defineProperty(service, DEFINED_BY, { value: source, configurable: true, enumerable: false });
}

/** What {@link noteDefinition} noted; undefined for a descriptor that was made elsewhere. */
export function definitionOf(service: ServiceDescriptor): DefinitionSource | undefined {
  return (service as { [DEFINED_BY]?: DefinitionSource })[DEFINED_BY];
}
