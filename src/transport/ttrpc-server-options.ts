import type { ErrorExposure } from '../protocol/errors.js';
import type { ServerCoreOptions } from '../protocol/server-core.js';
import type { CloseOptions } from '../protocol/server-options.js';
import type { SchemaOptions } from '../schema/schema.js';

/** Options of {@link TtrpcServer}. */
export interface TtrpcServerOptions extends SchemaOptions, ServerCoreOptions, CloseOptions, ErrorExposure {
  /**
   * Where to listen, one address or several: `unix:///run/greeter.sock`, `unix-abstract:name`, `tcp://host:port`,
   * `fd:3`. Without one the server serves only what `accept` is given.
   */
  url?: string | string[] | undefined;
  /** Serve these services of the schema only, named in full or shortly where that is unique. Default: all. */
  services?: readonly string[] | undefined;
  /** Default 5,000. */
  gracePeriodMs?: number | undefined;
  /** True: an rpc without a handler is an error from `listen()`; by default it is a warning. */
  strict?: boolean | undefined;
}

/** Default of {@link TtrpcServerOptions.gracePeriodMs}, in ms. */
export const GRACE_PERIOD_MS = 5000;
