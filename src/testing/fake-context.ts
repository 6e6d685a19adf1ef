import { TtrpcMetadata, type MetadataInit } from '../protocol/core/metadata.js';
import { warnOfOptions, type OptionNames } from '../protocol/core/option-names.js';
import type { Peer } from '../protocol/server/peer.js';
import { loadSchema } from '../schema/sources/load-schema.js';
import type { Schema, SchemaOptions } from '../schema/schema.js';
import { TtrpcContext } from '../transport/call/ttrpc-context.js';

/** What a handler is to see of its call. All is optional. */
export interface FakeTtrpcContextOptions {
  /** The request's metadata. Default: none. */
  metadata?: MetadataInit | undefined;
  /** When the client stops waiting. Default: never. It does not abort the signal by itself. */
  deadline?: Date | undefined;
  /** For a test of what the handler does when its call ends early: the signal of an AbortController. Default: one that never aborts. */
  signal?: AbortSignal | undefined;
  /** Default `test.Service`. */
  service?: string | undefined;
  /** Default `Method`. */
  method?: string | undefined;
  /** Default: a peer at `memory:test`, without credentials. */
  peer?: Peer | undefined;
  /** For `context.pack` and `context.unpack`: where the types of the details are. Default: those of google.rpc and google.protobuf. */
  schema?: SchemaOptions | undefined;
}

const OPTIONS: OptionNames<FakeTtrpcContextOptions> = {
  metadata: true,
  deadline: true,
  signal: true,
  service: true,
  method: true,
  peer: true,
  schema: true,
};

/**
 * The context of a call that is not made, for unit tests that call a controller's methods, a guard or an interceptor
 * directly. It is a TtrpcContext, so `@Ctx()` parameters take it as they are.
 */
export function fakeTtrpcContext(options: FakeTtrpcContextOptions = {}): TtrpcContext {
  warnOfOptions('fakeTtrpcContext', options, OPTIONS);
  let loaded: Schema | undefined;
  // An empty root: the bundled types are found in any schema.
  const schema = (): Schema => (loaded ??= loadSchema(options.schema ?? { root: { nested: {} } }));
  return new TtrpcContext(
    {
      metadata: new TtrpcMetadata(options.metadata),
      deadline: options.deadline,
      signal: options.signal ?? new AbortController().signal,
      service: options.service ?? 'test.Service',
      method: options.method ?? 'Method',
      peer: options.peer ?? { address: 'memory:test' },
    },
    {
      pack: (typeName, value, packOptions) => schema().pack(typeName, value, packOptions),
      unpack: (packed) => schema().unpack(packed),
    },
  );
}
