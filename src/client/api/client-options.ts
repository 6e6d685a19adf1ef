import type { Duplex } from 'node:stream';
import { parseAddress } from '../../protocol/socket/address.js';
import type { ChannelOptions } from '../../protocol/client/channel.js';
import type { ConnectionSource } from '../../protocol/client/dialer.js';
import { CLIENT_OPTIONS, REGISTRATION_OPTIONS, SERVER_OPTIONS } from '../../common/option-names.js';
import { describe } from '../../protocol/core/describe.js';
import { unknownOptions, type OptionNames } from '../../protocol/core/option-names.js';
import { isDuplex } from '../../protocol/socket/duplex.js';
import type { MetadataInit } from '../../protocol/core/metadata.js';
import type { SchemaOptions } from '../../schema/schema.js';
import { exceptionOf } from '../calls/caller-error.js';
import type { TtrpcClientInterceptor } from './interceptor.js';
import type { TtrpcRetryOptions } from './retry-options.js';

/**
 * Options of {@link TtrpcClient}. Exactly one of `url`, `duplex` and `connect` says where the server is; `protoPath`,
 * `descriptors` or `root` say what it serves.
 */
export interface TtrpcClientOptions extends SchemaOptions, ChannelOptions {
  /**
   * The server's address: `unix:///run/greeter.sock`, `unix:relative.sock`, `unix-abstract:name`, `tcp://host:port`,
   * `fd:3` (one connection that the process has inherited), `memory:name` (a server of this process),
   * `hvsock:///path:port` (a port of a virtual machine). Connections are made on demand, and again when lost.
   */
  url?: string | undefined;
  /**
   * The one connection, used by all calls, streams too; when it is lost the client is closed. Its `end()` must tell the
   * other end (`final` of a Duplex of your own): that is how a server learns that its client has left.
   */
  duplex?: Duplex | undefined;
  /** Gives one Duplex for each connection that is wanted. `signal` aborts when the client closes. */
  connect?: ((signal: AbortSignal) => Promise<Duplex>) | undefined;
  /** Default of each call's `timeoutMs`; without it calls have no deadline. */
  timeoutMs?: number | undefined;
  /** Sent with each call; a key that a call sets itself takes the place of this one. Copied for each call. */
  metadata?: MetadataInit | undefined;
  /** Metadata keys that a call with `parent` takes over from it. Default: none. */
  propagateMetadata?: readonly string[] | undefined;
  /**
   * When calls that fail are made again: true for the defaults of {@link TtrpcRetryOptions}. Default: never. A call's own
   * `retry` takes its place.
   */
  retry?: TtrpcRetryOptions | boolean | undefined;
  /** Each call of a proxy passes through them, the first one outermost; see {@link TtrpcClientInterceptor}. */
  interceptors?: readonly TtrpcClientInterceptor[] | undefined;
}

const NAMES: OptionNames<TtrpcClientOptions> = CLIENT_OPTIONS;

/**
 * What is wrong with the names of the options, in words. Those of a server may be among them, in a shared object, and
 * those that only `TtrpcClientsModule` knows, in the place of what was meant.
 */
export function misspelt(options: TtrpcClientOptions): string[] {
  return unknownOptions('a ttrpc client', options, { ...NAMES, ...REGISTRATION_OPTIONS }, SERVER_OPTIONS);
}

/**
 * Where a client's connections come from.
 * @throws TypeError unless exactly one of `url`, `duplex` and `connect` is there and usable; TtrpcException
 * (INVALID_ARGUMENT) that names an invalid address
 */
export function connectionSource(options: TtrpcClientOptions): ConnectionSource {
  const { url, duplex, connect } = options;
  const given = (['url', 'duplex', 'connect'] as const).filter((name) => options[name] !== undefined);
  if (given.length !== 1) {
    const got = given.length === 0 ? 'none of them' : given.join(' and ');
    throw new TypeError(`a ttrpc client takes exactly one of url, duplex and connect; got ${got}`);
  }
  if (duplex !== undefined) {
    if (!isDuplex(duplex)) throw new TypeError(`duplex: expected a Duplex, got ${describe(duplex)}`);
    return { kind: 'duplex', duplex };
  }
  if (connect !== undefined) {
    if (typeof connect !== 'function') {
      throw new TypeError(`connect: expected a function that gives a Duplex, got ${describe(connect)}`);
    }
    return { kind: 'connect', connect };
  }
  try {
    return { kind: 'address', address: parseAddress(url as string) };
  } catch (error) {
    throw exceptionOf(error);
  }
}
