import { Backoff, type BackoffOptions } from './backoff.js';
import { requestError } from './call-errors.js';
import { checkSignals } from './call-limits.js';
import { ClientCall, type CallObserver, type CallStart } from './client-call.js';
import { clientLimits, type ClientLimits } from './client-connection.js';
import { Dialer, type ConnectionSource } from './dialer.js';
import { describeOption } from '../core/describe.js';
import { callStatsOf, type CallStats, type CallStatsOption, type MethodStats } from '../core/call-stats.js';
import { debugCalls } from '../core/debug-calls.js';
import type { TracedCall } from '../core/diagnostics.js';
import { TtrpcError } from '../core/errors.js';
import { bytesCodec, type MessageCodec } from '../wire/message-codec.js';
import { sendsRequestStream, sendsResponseStream } from '../core/method-shape.js';
import type { MethodRef } from '../wire/method-ref.js';
import { limit } from '../core/limit.js';
import { SharedConnection, type ConnectionStatus } from './shared-connection.js';
import { TtrpcStatus } from '../core/status.js';
import { socketReadsOf, type SocketReadsOption } from '../socket/socket-reads.js';
import { StreamPool, type StreamPoolOptions } from './stream-pool.js';

/** Options of a channel. */
export interface ChannelOptions extends Partial<ClientLimits>, StreamPoolOptions, SocketReadsOption, CallStatsOption {
  /**
   * `dedicated` (default, where connections can be made): each stream has a connection of its own. `shared`: streams
   * share the connection of the unary calls, without a cancel that reaches the server and without flow control.
   */
  streams?: 'dedicated' | 'shared' | undefined;
  /** Shared connections over which unary calls are spread in turn. Default 1. A Duplex is always one. */
  connections?: number | undefined;
  /** Waits between attempts to connect. */
  reconnect?: BackoffOptions | undefined;
  /** True: calls wait for a connection up to their deadline. False (default): they fail when an attempt fails. */
  waitForReady?: boolean | undefined;
}

/** How the shared connections stand together: `connected` when one is; see {@link ConnectionStatus}. */
export type ChannelStatus = ConnectionStatus;

/** What a channel has at one moment. */
export interface ChannelStats {
  /** Open connections, shared ones and those of streams. */
  readonly connections: number;
  /** Calls on them, with those that wait because the server does not take more. */
  readonly calls: number;
  /** Calls that wait for a connection. */
  readonly waiting: number;
}

/** What a client has and has counted, at one moment. */
export interface ClientStats extends ChannelStats {
  /** Bytes of encoded frames that the server has not taken. */
  readonly unsentBytes: number;
  /** Bytes that are held for the server: queued messages both ways, requests that wait, unfinished frames. */
  readonly bufferedBytes: number;
  /** Calls by method; empty without the option `callStats`. */
  readonly methods: readonly MethodStats[];
}

/** Observes a channel's life. */
export interface ChannelObserver {
  /** The status has changed; `error` is why, for `disconnected` and `reconnecting`. */
  onStatus?(status: ChannelStatus, error?: TtrpcError): void;
}

/** The choices for one call, beside its deadline and metadata. */
export interface RouteOptions {
  /** True: a connection of its own also for a unary call, so that it can be cancelled. */
  dedicated?: boolean | undefined;
  /** Overrides the channel's own. */
  waitForReady?: boolean | undefined;
}

/** The order in which the statuses of several shared connections speak for all. */
const BEST_FIRST: readonly ChannelStatus[] = ['connected', 'connecting', 'reconnecting', 'disconnected'];

/**
 * A client's connections to one server: made on demand, made again when lost, some shared by the unary calls and one for
 * each stream. Calls of a lost connection end with UNAVAILABLE at once; none is sent twice.
 */
export class Channel {
  readonly limits: ClientLimits;
  /** Counts the calls; undefined without the option. */
  readonly callStats: CallStats | undefined;
  readonly #options: ChannelOptions;
  readonly #observer: ChannelObserver;
  readonly #shared: readonly SharedConnection[];
  readonly #pool: StreamPool | undefined;
  readonly #dialer: Dialer;
  #turn = 0;
  #status: ChannelStatus = 'disconnected';
  /** Why the channel is closed, when `close` was not called. */
  #loss: TtrpcError | undefined;

  /** Makes no connection yet, except that a Duplex is taken at once. @throws RangeError or TypeError that names an invalid option */
  constructor(source: ConnectionSource, options: ChannelOptions = {}, observer: ChannelObserver = {}) {
    debugCalls();
    this.limits = clientLimits(options);
    this.callStats = callStatsOf(options);
    limit(options, 'maxStreamConnections', 64);
    limit(options, 'streamIdleMs', 10_000);
    if (options.streams !== undefined && options.streams !== 'dedicated' && options.streams !== 'shared') {
      throw new RangeError(`streams: expected 'dedicated' or 'shared', got ${describeOption(options.streams)}`);
    }
    if (options.waitForReady !== undefined && typeof options.waitForReady !== 'boolean') {
      throw new TypeError(`waitForReady: expected true or false, got ${describeOption(options.waitForReady)}`);
    }
    this.#dialer = new Dialer(source, this.limits, socketReadsOf(options));
    this.#options = options;
    this.#observer = observer;
    const wanted = limit(options, 'connections', 1);
    const count = this.#dialer.isSingle ? 1 : wanted;
    this.#shared = Array.from(
      { length: count },
      () => new SharedConnection(this.#dialer, new Backoff(options.reconnect), (error) => this.#onStatus(error)),
    );
    if (source.kind === 'duplex') {
      this.#shared[0]?.speakOn(source.duplex);
    } else if (!this.#dialer.isSingle) {
      this.#pool = new StreamPool(this.#dialer, options, new Backoff(options.reconnect));
    }
  }

  /** Where its connections go: an address, or `duplex` where connections are given. */
  get address(): string {
    return this.#dialer.address;
  }

  /** How the shared connections stand. */
  get status(): ChannelStatus {
    return this.#status;
  }

  /** Connects the shared connections now. Rejects with UNAVAILABLE when that fails. */
  async connect(): Promise<void> {
    if (this.#status === 'closed') throw closedError(this.#loss);
    await Promise.all(this.#shared.map((shared) => shared.connect()));
    if (this.status === 'closed') throw closedError(this.#loss);
  }

  /**
   * A call that has not begun: {@link request} or {@link openStream} begins it. All that happens, also that its request
   * does not encode, goes to `observer`. Its deadline and signals are in force from here on.
   * @throws TypeError for a signal that is not an AbortSignal, CANCELLED for one that has aborted already
   */
  newCall(method: MethodRef, start: CallStart, route: RouteOptions, observer: CallObserver): ClientCall {
    checkSignals(start);
    const waitForReady = route.waitForReady ?? this.#options.waitForReady ?? false;
    return new ClientCall(method, start, observer, this.limits.maxBufferedBytes, waitForReady);
  }

  /** Begins a unary or server-streaming call with its one message. */
  request<T>(call: ClientCall, codec: MessageCodec<T>, value: T, route: RouteOptions): void {
    if (call.trace) this.#requestTraced(call, call.trace, codec, value, route);
    else this.#request(call, codec, value, route);
  }

  #requestTraced<T>(call: ClientCall, trace: TracedCall, codec: MessageCodec<T>, value: T, route: RouteOptions): void {
    let bytes: Uint8Array;
    try {
      bytes = codec.encode(value);
    } catch (error) {
      call.fail(requestError(error));
      return;
    }
    trace.sent(bytes.length);
    this.#request(call, bytesCodec, bytes, route);
  }

  #request<T>(call: ClientCall, codec: MessageCodec<T>, value: T, route: RouteOptions): void {
    const shared = this.#wantsOwn(call.method, route) ? undefined : this.#next();
    const ready = shared?.ready;
    if (ready?.takesRequests) {
      ready.start(call, codec, value);
      return;
    }
    try {
      call.keepRequest(codec, value);
    } catch (error) {
      call.fail(requestError(error));
      return;
    }
    this.#route(call, shared);
  }

  /** Begins a client-streaming or bidi call. */
  openStream(call: ClientCall, route: RouteOptions): void {
    this.#route(call, this.#wantsOwn(call.method, route) ? undefined : this.#next());
  }

  /** How long calls on the shared connections fail at once, in ms; see {@link SharedConnection.notBeforeMs}. */
  get notBeforeMs(): number {
    return Math.min(...this.#shared.map((shared) => shared.notBeforeMs));
  }

  /** What the channel has now. */
  get stats(): ChannelStats {
    let connections = 0;
    let calls = 0;
    for (const connection of this.#dialer.connections) {
      connections++;
      calls += connection.callCount;
    }
    const waiting = this.#shared.reduce((sum, shared) => sum + shared.pendingCount, this.#pool?.pendingCount ?? 0);
    return { connections, calls, waiting };
  }

  /** What the channel has now, and has counted. */
  get clientStats(): ClientStats {
    let unsentBytes = 0;
    let bufferedBytes = 0;
    for (const { connection } of this.#dialer.connections) {
      unsentBytes += connection.writer.unsentBytes;
      bufferedBytes += connection.budget.used;
    }
    return { ...this.stats, unsentBytes, bufferedBytes, methods: this.callStats?.snapshot() ?? [] };
  }

  /** Closes all connections; calls in flight end with UNAVAILABLE, later ones, too. A second call is harmless. */
  close(): void {
    this.#close(undefined);
  }

  #close(why: TtrpcError | undefined): void {
    if (this.#status === 'closed') return;
    const error = closedError(why);
    this.#loss = why;
    this.#status = 'closed';
    this.#dialer.close(error);
    for (const shared of this.#shared) shared.close(error);
    this.#pool?.close(error);
    this.#observer.onStatus?.('closed');
  }

  #wantsOwn(method: MethodRef, route: RouteOptions): boolean {
    if (!this.#pool) return false;
    if (route.dedicated) return true;
    const { shape } = method;
    return this.#options.streams !== 'shared' && (sendsRequestStream(shape) || sendsResponseStream(shape));
  }

  /** Begins `call` on a shared connection, or on one of its own. */
  #route(call: ClientCall, shared: SharedConnection | undefined): void {
    if (this.#status === 'closed') call.fail(closedError(this.#loss));
    else if (shared) shared.begin(call);
    else this.#pool?.begin(call);
  }

  /** The shared connection whose turn it is; while it is being made, one that is there. */
  #next(): SharedConnection {
    const all = this.#shared;
    const own = all[this.#turn++ % all.length] as SharedConnection;
    if (all.length === 1 || own.ready || this.#status === 'closed') return own;
    const other = all.find((shared) => shared.ready);
    if (!other) return own;
    // Its failure is its own; the calls go on over the others.
    own.connect().catch(() => undefined);
    return other;
  }

  #onStatus(error: TtrpcError | undefined): void {
    if (this.#status === 'closed') return;
    const statuses = this.#shared.map((shared) => shared.status);
    const status = BEST_FIRST.find((each) => statuses.includes(each)) ?? 'disconnected';
    if (status === this.#status) return;
    this.#status = status;
    this.#observer.onStatus?.(status, error);
    // What was given is gone: there is no other connection to be had.
    if (status === 'disconnected' && this.#dialer.isSingle) this.#close(error);
  }
}

/** `why` is there when `close` was not called: the channel's only connection is gone. */
function closedError(why: TtrpcError | undefined): TtrpcError {
  const message = why ? `the client is closed: ${why.message}` : 'the client is closed';
  return new TtrpcError(TtrpcStatus.UNAVAILABLE, message, { cause: why, unsent: true });
}
