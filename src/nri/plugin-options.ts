import type { Duplex } from 'node:stream';
import type { BackoffOptions } from '../protocol/client/backoff.js';
import type { OptionNames } from '../protocol/core/option-names.js';
import { TtrpcError } from '../protocol/core/errors.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import { ENVIRONMENT } from './trunk.js';

/** Where a plugin's messages go: a Nest logger fits, and the console. */
export interface NriLogger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** What the runtime does when a plugin fails to respond, from NRI 0.12 on. Older runtimes ignore it. */
export interface NriFailurePolicy {
  /** Fail the request of the runtime, and do not go on without the plugin. Default false. */
  failRequest?: boolean;
  /** Keep the plugin when it takes longer than it may, and do not disconnect it. Default false. */
  keepConnected?: boolean;
}

/** Options of a plugin. */
export interface NriPluginOptions {
  /** The plugin's name. Default: that of `@NriPlugin`, else the environment's NRI_PLUGIN_NAME. */
  name?: string | undefined;
  /** Two digits: plugins are called in this order. Default: that of `@NriPlugin`, else the environment's NRI_PLUGIN_IDX. */
  index?: string | undefined;
  /**
   * The runtime's socket, or a connected Duplex. Default: the descriptor in NRI_PLUGIN_SOCKET where the runtime has started
   * the plugin, else /var/run/nri/nri.sock.
   */
  socket?: string | Duplex | undefined;
  /**
   * Connect again when the runtime restarts: true (the default), or how long to wait between attempts. Never with a Duplex or
   * an inherited descriptor: the plugin ends then.
   */
  reconnect?: boolean | BackoffOptions | undefined;
  /** What the runtime does when this plugin fails to respond. Default: it goes on without the plugin, and disconnects it. */
  failurePolicy?: NriFailurePolicy | undefined;
  /**
   * What is done about events that this runtime is known to lack: `error` (the default) refuses to run and names them,
   * `ignore` does without them.
   */
  unknownEvents?: 'error' | 'ignore' | undefined;
  /** Default: warnings and errors to stderr, and with Nest its logger. */
  logger?: NriLogger | undefined;
}

/** Their names. */
export const NRI_OPTIONS: OptionNames<NriPluginOptions> = {
  failurePolicy: true,
  index: true,
  logger: true,
  name: true,
  reconnect: true,
  socket: true,
  unknownEvents: true,
};

/** How a plugin is called. */
export interface PluginIdentity {
  readonly name: string;
  readonly index: string;
}

/** The name and index of a plugin. Throws INVALID_ARGUMENT, with what is wrong, as the runtime would later. */
export function identityOf(options: { name?: string | undefined; index?: string | undefined }): PluginIdentity {
  const index = options.index ?? process.env[ENVIRONMENT.index] ?? '';
  const name = options.name ?? inheritedName() ?? '';
  // The types do not hold where JavaScript calls: 10 is no text.
  if (typeof name !== 'string' || !/^[\w.+-]+$/.test(name)) {
    throw invalid(`name: expected letters, digits and _ . + -, got ${name === '' ? 'none' : JSON.stringify(name)}`);
  }
  if (typeof index !== 'string' || !/^\d\d$/.test(index)) {
    throw invalid(`index: expected two digits, such as '10', got ${index === '' ? 'none' : JSON.stringify(index)}`);
  }
  return { name, index };
}

/** The name that the runtime has given. Up to NRI 0.3 that is the name of the file, with the index: `10-logger`. */
function inheritedName(): string | undefined {
  const { [ENVIRONMENT.name]: name, [ENVIRONMENT.index]: index } = process.env;
  return index !== undefined && name?.startsWith(`${index}-`) ? name.slice(index.length + 1) : name;
}

function invalid(text: string): TtrpcError {
  return new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, `NRI plugin ${text}`);
}

/** Warnings and errors on stderr. */
export const stderrLogger: NriLogger = {
  log: () => undefined,
  warn: (message) => void process.stderr.write(`${message}\n`),
  error: (message) => void process.stderr.write(`${message}\n`),
};
