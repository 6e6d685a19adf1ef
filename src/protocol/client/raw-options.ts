import type { MetadataInit } from '../core/metadata.js';
import { CallOptionNames, type OptionNames } from '../core/option-names.js';
import type { ChannelOptions, RouteOptions } from './channel.js';

/** Options of one call of the raw client. */
export interface RawCallOptions extends RouteOptions {
  /** How long the call may take, in ms, connecting and waiting included; `Infinity` for no limit. Default: the client's `timeoutMs`. */
  timeoutMs?: number | undefined;
  /** Sent with the request; copied when the call begins. */
  metadata?: MetadataInit | undefined;
  /** Ends the call with CANCELLED when it aborts. */
  signal?: AbortSignal | undefined;
}

/** Options of `connect`. */
export interface RawClientOptions extends ChannelOptions {
  /** Default of each call's `timeoutMs`; without it calls have no deadline. */
  timeoutMs?: number | undefined;
}

/** The options of `connect`. */
export const CONNECT_OPTIONS: OptionNames<RawClientOptions> = {
  callStats: true,
  connections: true,
  frameTimeoutMs: true,
  maxBufferedBytes: true,
  maxMessageBytes: true,
  maxStatusBytes: true,
  maxStreamConnections: true,
  reconnect: true,
  socketReads: true,
  streamIdleMs: true,
  streams: true,
  timeoutMs: true,
  waitForReady: true,
};

/** The options of one of its calls. */
const RAW_CALL_OPTIONS: OptionNames<RawCallOptions> = {
  dedicated: true,
  metadata: true,
  signal: true,
  timeoutMs: true,
  waitForReady: true,
};

/** Warns of names among them that are none, once in a process each. */
export const rawCallOptionNames = new CallOptionNames(RAW_CALL_OPTIONS, (text) =>
  process.emitWarning(text, { type: 'TtrpcWarning' }),
);
