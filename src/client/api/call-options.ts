import type { RouteOptions } from '../../protocol/client/channel.js';
import type { OptionNames } from '../../protocol/core/option-names.js';
import type { TtrpcRetryOptions } from './retry-options.js';
import type { MetadataInit, TtrpcMetadata } from '../../protocol/core/metadata.js';

/**
 * The call in whose handler another one is made, as far as that takes something over from it. A handler's
 * `TtrpcContext` is one, a raw handler's context, too.
 */
export interface TtrpcCallParent {
  /** When the handler's own client stops waiting. */
  readonly deadline?: Date | undefined;
  /** Aborts when the handler's call is over. */
  readonly signal: AbortSignal;
  readonly metadata: TtrpcMetadata;
}

/** Options of one call: the second argument of each function of a proxy. */
export interface TtrpcCallOptions extends RouteOptions {
  /**
   * How long the call may take, in ms; connecting and waiting count. Default: the client's `timeoutMs`; `Infinity` for
   * no limit. A call that takes longer ends with DEADLINE_EXCEEDED.
   */
  timeoutMs?: number | undefined;
  /** Sent with the request, beside the client's own `metadata`. Copied when the call begins. */
  metadata?: MetadataInit | undefined;
  /** Ends the call with CANCELLED when it aborts, or with its reason where that is a TtrpcException. */
  signal?: AbortSignal | undefined;
  /**
   * The context of the handler that makes the call: the call ends with the handler's deadline and with its signal, and
   * takes over the metadata keys that the client's `propagateMetadata` names.
   */
  parent?: TtrpcCallParent | undefined;
  /**
   * When the call is made again if it fails. An object takes the place of what it names in the client's `retry`; true is
   * the client's or, without one, the defaults; false is none. Default: the client's.
   */
  retry?: TtrpcRetryOptions | boolean | undefined;
}

/** Their names. */
export const CALL_OPTIONS: OptionNames<TtrpcCallOptions> = {
  dedicated: true,
  metadata: true,
  parent: true,
  retry: true,
  signal: true,
  timeoutMs: true,
  waitForReady: true,
};
