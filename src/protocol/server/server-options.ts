import { AUTHORIZE_TIMEOUT_MS } from './authorize-gate.js';
import { describeOption } from '../core/describe.js';
import { limit } from '../core/limit.js';
import { messageLimit } from '../wire/message-limit.js';
import { checkTimeoutMs } from '../core/timer.js';

/** Limits of a server, all with safe defaults. */
export interface ServerLimits {
  /** Largest data of one frame, each way, in bytes. A larger one is answered RESOURCE_EXHAUSTED. Default 4 MiB, the protocol's own. */
  maxMessageBytes: number;
  /** Connections at a time; one more is closed at once. Default 4,096. */
  maxConnections: number;
  /**
   * Calls that are open at a time on one connection, and handlers that go on although their calls are over; one more is
   * answered RESOURCE_EXHAUSTED. Default 4,096.
   */
  maxConcurrentCalls: number;
  /** Metadata of one request, in bytes of its keys and values. A request with more is answered RESOURCE_EXHAUSTED. Default 256 KiB. */
  maxMetadataBytes: number;
  /** How long a frame may take from its first byte to its last, in ms; then the connection is closed. Default 30,000. */
  frameTimeoutMs: number;
  /** How long a connection may stay without a call, in ms; then it is closed. Default: for ever, as Go's and Rust's servers. */
  idleTimeoutMs: number | undefined;
  /** How long `authorize` may take, in ms; then the peer is refused. Default 10,000. */
  authorizeTimeoutMs: number;
  /** Bytes that one response stream may hold ahead of its reader; past it the stream ends with RESOURCE_EXHAUSTED. Default 16 MiB. */
  maxBufferedBytes: number;
  /**
   * The same for all that is held for one connection: its streams both ways, unsent responses, an unfinished frame, and
   * requests in flight of 4 KiB and more. Default four times `maxBufferedBytes`.
   */
  maxBufferedBytesPerConnection: number;
  /** The same for all connections together. Default sixteen times `maxBufferedBytes`. */
  maxBufferedBytesPerServer: number;
  /**
   * The memory that one request, or one message of a stream, takes once it is decoded, in bytes: it can be a hundred times
   * what came. A larger one ends its call with RESOURCE_EXHAUSTED. Default 64 MiB.
   */
  maxDecodedMessageBytes: number;
  /**
   * The same for the requests of all calls in flight and the messages that wait in streams, on all connections together.
   * What takes less than 16 KiB is not counted. Default 256 MiB.
   */
  maxDecodedBytesPerServer: number;
}

/** How a server closes. */
export interface CloseOptions {
  /** How long calls in flight may take to finish, in ms; then they are aborted and end with UNAVAILABLE. Default 0. */
  gracePeriodMs?: number | undefined;
  /**
   * True: the `signal` of streaming calls aborts when the server begins to close, with UNAVAILABLE, and the calls go on
   * for `gracePeriodMs`: so streams without an end of their own can end well. Default false.
   */
  signalStreams?: boolean | undefined;
}

/** @throws RangeError or TypeError that names the invalid option */
export function checkCloseOptions({ gracePeriodMs, signalStreams }: CloseOptions): void {
  if (gracePeriodMs !== undefined && !(typeof gracePeriodMs === 'number' && gracePeriodMs >= 0)) {
    throw new RangeError(
      `gracePeriodMs: expected a number of milliseconds, 0 or more, got ${describeOption(gracePeriodMs)}`,
    );
  }
  if (signalStreams !== undefined && typeof signalStreams !== 'boolean') {
    throw new TypeError(`signalStreams: expected true or false, got ${describeOption(signalStreams)}`);
  }
}

const DEFAULT_BUFFERED_BYTES = 16 * 1024 * 1024;
const DEFAULT_DECODED_MESSAGE_BYTES = 64 * 1024 * 1024;

/** Fills in the defaults. @throws {RangeError} that names the option when a limit is not a positive integer */
export function serverLimits(options: Partial<ServerLimits>): ServerLimits {
  const maxBufferedBytes = limit(options, 'maxBufferedBytes', DEFAULT_BUFFERED_BYTES);
  return {
    maxMessageBytes: messageLimit(options.maxMessageBytes),
    maxConnections: limit(options, 'maxConnections', 4096),
    maxConcurrentCalls: limit(options, 'maxConcurrentCalls', 4096),
    maxMetadataBytes: limit(options, 'maxMetadataBytes', 256 * 1024),
    frameTimeoutMs: checkTimeoutMs(options.frameTimeoutMs ?? 30_000, 'frameTimeoutMs'),
    idleTimeoutMs:
      options.idleTimeoutMs === undefined ? undefined : checkTimeoutMs(options.idleTimeoutMs, 'idleTimeoutMs'),
    authorizeTimeoutMs: checkTimeoutMs(options.authorizeTimeoutMs ?? AUTHORIZE_TIMEOUT_MS, 'authorizeTimeoutMs'),
    maxBufferedBytes,
    maxBufferedBytesPerConnection: limit(options, 'maxBufferedBytesPerConnection', 4 * maxBufferedBytes),
    maxBufferedBytesPerServer: limit(options, 'maxBufferedBytesPerServer', 16 * maxBufferedBytes),
    maxDecodedMessageBytes: limit(options, 'maxDecodedMessageBytes', DEFAULT_DECODED_MESSAGE_BYTES),
    maxDecodedBytesPerServer: limit(options, 'maxDecodedBytesPerServer', 4 * DEFAULT_DECODED_MESSAGE_BYTES),
  };
}
