import { CLIENT_OPTIONS, SERVER_OPTIONS } from '../common/option-names.js';
import { describe } from '../protocol/core/describe.js';
import type { ErrorExposure } from '../protocol/core/errors.js';
import { unknownOptions, type OptionNames } from '../protocol/core/option-names.js';
import type { ServerCoreOptions } from '../protocol/server/server.js';
import { checkCloseOptions, type CloseOptions } from '../protocol/server/server-options.js';
import type { SchemaOptions } from '../schema/schema.js';

/** Options of {@link TtrpcServer}. */
export interface TtrpcServerOptions extends SchemaOptions, ServerCoreOptions, CloseOptions, ErrorExposure {
  /**
   * Where to listen, one address or several: `unix:///run/greeter.sock`, `unix-abstract:name`, `tcp://host:port`,
   * `fd:3`, `memory:name` (for clients of this process). Without one the server serves only what `accept` is given.
   */
  url?: string | string[] | undefined;
  /** Serve these services of the schema only, named in full or shortly where that is unique. Default: all. */
  services?: readonly string[] | undefined;
  /** Default 5,000. */
  gracePeriodMs?: number | undefined;
  /** True: an rpc without a handler is an error from `listen()`; by default it is a warning. */
  strict?: boolean | undefined;
  /**
   * True: Nest resolves the parameters of every handler, at about 1 µs for each call. By default a handler to which no
   * pipe applies gets the request and the context without that stage, which rests on how Nest 11 and 12 read metadata;
   * set this if another version of Nest disagrees. Default false.
   */
  alwaysResolveParameters?: boolean | undefined;
}

const NAMES: OptionNames<TtrpcServerOptions> = SERVER_OPTIONS;

/** What is wrong with the names of the options, in words; those of a client may be among them, in a shared object. */
export function misspelt(options: TtrpcServerOptions): string[] {
  return unknownOptions('a TtrpcServer', options, NAMES, CLIENT_OPTIONS);
}

/** @throws RangeError or TypeError that names the invalid option */
export function checkOptions(options: TtrpcServerOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`a TtrpcServer takes options with url and protoPath; got ${describe(options)}`);
  }
  checkCloseOptions(options);
  for (const name of ['strict', 'exposeErrors', 'alwaysResolveParameters'] as const) {
    const value: unknown = options[name];
    if (value === undefined || typeof value === 'boolean') continue;
    throw new TypeError(`${name}: expected true or false, got ${describe(value)}`);
  }
  const { services } = options;
  if (services === undefined) return;
  if (!Array.isArray(services)) {
    throw new TypeError(`services: expected an array of names of services, got ${describe(services)}`);
  }
  for (const name of services as readonly unknown[]) {
    if (typeof name === 'string') continue;
    throw new TypeError(`services: expected names of services, got an array with ${describe(name)}`);
  }
}

/** Default of {@link TtrpcServerOptions.gracePeriodMs}, in ms. */
export const GRACE_PERIOD_MS = 5000;
