import type { SchemaOptions } from '../../schema/schema.js';
import type { ServiceDescriptor } from '../../schema/service-descriptor.js';

/** What a server serves, for reflection. */
export interface ServedSchema {
  /** What the server's schema is made of. */
  readonly options: SchemaOptions;
  readonly services: ReadonlySet<ServiceDescriptor>;
}

/** `Symbol.for`, so that the ESM and the CommonJS copy of this library agree on it. */
const SERVED = Symbol.for('nestjs-ttrpc:served');

/** Notes on a server what it serves. */
export function noteServed(server: object, served: ServedSchema): void {
  Object.defineProperty(server, SERVED, { value: served, configurable: true, enumerable: false });
}

/** What a server serves; undefined until it listens. */
export function servedBy(server: object): ServedSchema | undefined {
  return (server as { [SERVED]?: ServedSchema })[SERVED];
}
