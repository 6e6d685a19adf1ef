import type { ErrorExposure } from '../core/errors.js';
import type { OptionNames } from '../core/option-names.js';
import type { ServerCoreOptions } from './server.js';

/** The options of `serve`. */
export const SERVE_OPTIONS: OptionNames<ServerCoreOptions & ErrorExposure> = {
  authorize: true,
  authorizeTimeoutMs: true,
  backlog: true,
  callStats: true,
  exposeErrors: true,
  frameTimeoutMs: true,
  idleTimeoutMs: true,
  maxBufferedBytes: true,
  maxBufferedBytesPerConnection: true,
  maxBufferedBytesPerServer: true,
  maxConcurrentCalls: true,
  maxConnections: true,
  maxDecodedBytesPerServer: true,
  maxDecodedMessageBytes: true,
  maxMessageBytes: true,
  maxMetadataBytes: true,
  socketMode: true,
  socketOwner: true,
  socketReads: true,
};
