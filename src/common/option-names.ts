import { CONNECT_OPTIONS } from '../protocol/client/raw-options.js';
import { SERVE_OPTIONS } from '../protocol/server/option-names.js';
import { SCHEMA_OPTIONS } from '../schema/option-names.js';

// Both lists are here, since server and client may be given one object: what is an option of the other side is no mistake.

/** The options of TtrpcServer; its own file checks that none is missing. */
export const SERVER_OPTIONS = {
  ...SCHEMA_OPTIONS,
  ...SERVE_OPTIONS,
  alwaysResolveParameters: true,
  gracePeriodMs: true,
  services: true,
  signalStreams: true,
  strict: true,
  url: true,
} as const;

/** The options of TtrpcClient; its own file checks that none is missing. */
export const CLIENT_OPTIONS = {
  ...SCHEMA_OPTIONS,
  ...CONNECT_OPTIONS,
  connect: true,
  duplex: true,
  interceptors: true,
  metadata: true,
  propagateMetadata: true,
  retry: true,
  url: true,
} as const;

/** What `TtrpcClientsModule` takes beside them. */
export const REGISTRATION_OPTIONS = { local: true, name: true, services: true } as const;
