import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Address } from '../socket/address.js';
import { Backoff, type BackoffOptions } from './backoff.js';
import { ClientCall, requestError, type CallObserver, type CallStart } from './client-call.js';
import { ClientConnection, clientLimits, type ClientLimits } from './client-connection.js';
import { describe, describeOption } from '../core/describe.js';
import { dial } from '../socket/dial.js';
import { isDuplex } from '../socket/duplex.js';
import { messageOf, TtrpcError } from '../core/errors.js';
import type { MessageCodec } from '../wire/message-codec.js';
import { sendsRequestStream, sendsResponseStream } from '../core/method-shape.js';
import type { MethodRef } from '../wire/method-ref.js';
import { inRootContext } from '../core/root-context.js';
import { limit } from '../core/limit.js';
import { SharedConnection, type ConnectionStatus } from './shared-connection.js';
import { TtrpcStatus } from '../core/status.js';
import { Watchdog } from '../connection/watchdog.js';
import { StreamPool, type StreamPoolOptions } from './stream-pool.js';

/** Where a channel's connections come from. */
export type ConnectionSource =
  | { readonly kind: 'address'; readonly address: Address }
  /** Exactly one connection, shared by all calls; when it is gone the channel is closed. */
  | { readonly kind: 'duplex'; readonly duplex: Duplex }
  /** One Duplex for each connection that is wanted. */
  | { readonly kind: 'connect'; readonly connect: (signal: AbortSignal) => Promise<Duplex> };

/** Options of a channel. */
export interface ChannelOptions extends Partial<ClientLimits>, StreamPoolOptions {
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

/** Hears of a channel's life. */
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
  readonly #source: ConnectionSource;
  readonly #options: ChannelOptions;
  readonly #observer: ChannelObserver;
  readonly #shared: readonly SharedConnection[];
  readonly #pool: StreamPool | undefined;
  readonly #abort = new AbortController();
  readonly #connections = new Set<ClientConnection>();
  readonly #watchdog: Watchdog;
  #turn = 0;
  #status: ChannelStatus = 'disconnected';
  /** Why the channel is closed, when nobody has closed it. */
  #loss: TtrpcError | undefined;

  /** Makes no connection yet, except that a Duplex is taken at once. Raises a RangeError that names a bad option. */
  constructor(source: ConnectionSource, options: ChannelOptions = {}, observer: ChannelObserver = {}) {
    this.limits = clientLimits(options);
    this.#watchdog = new Watchdog(this.#connections, {
      frameTimeoutMs: this.limits.frameTimeoutMs,
      idleTimeoutMs: undefined,
    });
    limit(options, 'maxStreamConnections', 64);
    limit(options, 'streamIdleMs', 10_000);
    if (options.streams !== undefined && options.streams !== 'dedicated' && options.streams !== 'shared') {
      throw new RangeError(`streams: expected 'dedicated' or 'shared', got ${describeOption(options.streams)}`);
    }
    // Each connection that is being made listens to it.
    setMaxListeners(0, this.#abort.signal);
    this.#source = source;
    this.#options = options;
    this.#observer = observer;
    const wanted = limit(options, 'connections', 1);
    const count = this.#isSingle ? 1 : wanted;
    this.#shared = Array.from(
      { length: count },
      () =>
        new SharedConnection(
          () => this.#open(),
          new Backoff(options.reconnect),
          (error) => this.#onStatus(error),
        ),
    );
    if (source.kind === 'duplex') {
      this.#shared[0]?.adopt(inRootContext(() => this.#speakOn(source.duplex)));
    } else if (!this.#isSingle) {
      this.#pool = new StreamPool(() => this.#open(), options, new Backoff(options.reconnect));
    }
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

  /** Begins a unary or server-streaming call; all that happens, also that it cannot be encoded, goes to `observer`. */
  request<T>(
    method: MethodRef,
    codec: MessageCodec<T>,
    value: T,
    start: CallStart,
    route: RouteOptions,
    observer: CallObserver,
  ): ClientCall {
    const call = this.#newCall(method, start, route, observer);
    const shared = this.#wantsOwn(method, route) ? undefined : this.#next();
    try {
      const ready = shared?.ready;
      if (ready?.takesRequests) {
        ready.request(call, codec, value);
        return call;
      }
      call.keepRequest(codec, value);
    } catch (error) {
      call.fail(requestError(error));
      return call;
    }
    this.#route(call, shared);
    return call;
  }

  /** Begins a client-streaming or bidi call; all that happens goes to `observer`. */
  openStream(method: MethodRef, start: CallStart, route: RouteOptions, observer: CallObserver): ClientCall {
    const call = this.#newCall(method, start, route, observer);
    this.#route(call, this.#wantsOwn(method, route) ? undefined : this.#next());
    return call;
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
    this.#abort.abort(error);
    for (const shared of this.#shared) shared.close(error);
    this.#pool?.close(error);
    this.#observer.onStatus?.('closed');
  }

  #newCall(method: MethodRef, start: CallStart, route: RouteOptions, observer: CallObserver): ClientCall {
    const patient = route.waitForReady ?? this.#options.waitForReady ?? false;
    return new ClientCall(method, start, observer, this.limits.maxBufferedBytes, patient);
  }

  /** True when there is one connection and no other: a Duplex, or a descriptor that the process has inherited. */
  get #isSingle(): boolean {
    const source = this.#source;
    return source.kind === 'duplex' || (source.kind === 'address' && source.address.kind === 'fd');
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

  async #open(): Promise<ClientConnection> {
    const { signal } = this.#abort;
    const source = this.#source;
    if (source.kind === 'duplex') {
      throw new TtrpcError(TtrpcStatus.UNAVAILABLE, 'the connection is gone', { unsent: true });
    }
    const duplex = await (source.kind === 'address' ? dial(source.address, signal) : take(source.connect, signal));
    if (signal.aborted) {
      duplex.destroy();
      throw TtrpcError.from(signal.reason);
    }
    return this.#speakOn(duplex);
  }

  #speakOn(duplex: Duplex): ClientConnection {
    const connection = new ClientConnection(duplex, this.limits, !this.#isSingle);
    const connections = this.#connections;
    connections.add(connection);
    this.#watchdog.start();
    connection.onGone = () => {
      connections.delete(connection);
      if (connections.size === 0) this.#watchdog.stop();
    };
    return connection;
  }

  #onStatus(error: TtrpcError | undefined): void {
    if (this.#status === 'closed') return;
    const statuses = this.#shared.map((shared) => shared.status);
    const status = BEST_FIRST.find((each) => statuses.includes(each)) ?? 'disconnected';
    if (status === this.#status) return;
    this.#status = status;
    this.#observer.onStatus?.(status, error);
    // What was given is gone: there is no other connection to be had.
    if (status === 'disconnected' && this.#isSingle) this.#close(error);
  }
}

/** `why` is there when nobody has closed the channel: its only connection is gone. */
function closedError(why: TtrpcError | undefined): TtrpcError {
  const message = why ? `the client is closed: ${why.message}` : 'the client is closed';
  return new TtrpcError(TtrpcStatus.UNAVAILABLE, message, { cause: why, unsent: true });
}

/** Asks a user's function for a connection. Rejects with UNAVAILABLE when it has none to give. */
async function take(connect: (signal: AbortSignal) => Promise<Duplex>, signal: AbortSignal): Promise<Duplex> {
  let duplex: unknown;
  try {
    duplex = await connect(signal);
  } catch (error) {
    if (error instanceof TtrpcError) throw error;
    const message = `cannot connect: ${messageOf(error)}`;
    throw new TtrpcError(TtrpcStatus.UNAVAILABLE, message, { cause: error, unsent: true });
  }
  if (isDuplex(duplex)) return duplex;
  const message = `connect: expected a Duplex, got ${describe(duplex)}`;
  throw new TtrpcError(TtrpcStatus.UNAVAILABLE, message, { unsent: true });
}
