import type { MethodStats } from '../core/call-stats.js';

/** Why a server refused something, as its counters name it. */
export type RefusalReason =
  /** A connection above `maxConnections`. */
  | 'maxConnections'
  /** A connection that `authorize` did not let in. */
  | 'authorize'
  /** A connection whose frame was not whole after `frameTimeoutMs`. */
  | 'frameTimeoutMs'
  /** A connection without a call for `idleTimeoutMs`. */
  | 'idleTimeoutMs'
  /** A frame, or a response, above `maxMessageBytes`. */
  | 'maxMessageBytes'
  /** A call above `maxConcurrentCalls`. */
  | 'maxConcurrentCalls'
  /** A request with more metadata than `maxMetadataBytes`. */
  | 'maxMetadataBytes'
  /** A stream or a response that its reader does not take, above one of the `maxBufferedBytes` limits. */
  | 'maxBufferedBytes'
  /** A message that takes too much memory once it is decoded. */
  | 'maxDecodedMessageBytes'
  /** The same with the requests of others that are in flight. */
  | 'maxDecodedBytesPerServer'
  /** A stream whose handler held up a shared connection for too long. */
  | 'stalledStream'
  /** A connection whose peer speaks another protocol: HTTP/1, HTTP/2 (gRPC) or TLS. */
  | 'foreignProtocol'
  /** A frame that breaks the protocol: a bad id, an envelope or a message that does not parse, data where none may be. */
  | 'protocol';

/** How often each limit of a server has refused something. */
export type Refusals = Record<RefusalReason, number>;

/** All counters at 0. */
export function noRefusals(): Refusals {
  return {
    maxConnections: 0,
    authorize: 0,
    frameTimeoutMs: 0,
    idleTimeoutMs: 0,
    maxMessageBytes: 0,
    maxConcurrentCalls: 0,
    maxMetadataBytes: 0,
    maxBufferedBytes: 0,
    maxDecodedMessageBytes: 0,
    maxDecodedBytesPerServer: 0,
    stalledStream: 0,
    foreignProtocol: 0,
    protocol: 0,
  };
}

/** What a server counts, at one moment. */
export interface ServerStats {
  /** Open connections. */
  readonly connections: number;
  /** Calls in flight on all of them. */
  readonly calls: number;
  /** Bytes that are held for peers: queued messages both ways, unsent responses, unfinished frames, large requests in flight. */
  readonly bufferedBytes: number;
  /** Bytes of encoded frames that clients have not taken. */
  readonly unsentBytes: number;
  /** Handlers that go on although their calls are over, and hold a place among the calls. */
  readonly stragglers: number;
  /** Connections that wait for `authorize`. */
  readonly authorizing: number;
  /** Memory of decoded requests in flight and messages that wait in streams, from 16 KiB on, in bytes. */
  readonly decodedBytes: number;
  /** What was refused since the start. */
  readonly refused: Readonly<Refusals>;
  /** Calls by method; empty without the option `callStats`. */
  readonly methods: readonly MethodStats[];
}
