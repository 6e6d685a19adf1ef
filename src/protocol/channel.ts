import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Address } from './address.js';
import { Backoff, type BackoffOptions } from './backoff.js';
import { ClientCall, requestError, type CallObserver, type CallStart } from './client-call.js';
import { ClientConnection, clientLimits, type ClientLimits } from './client-connection.js';
import { dial } from './dial.js';
import { messageOf, TtrpcError } from './errors.js';
import type { MessageCodec } from './message-codec.js';
import { sendsRequestStream, sendsResponseStream } from './method-shape.js';
import type { MethodRef } from './method-table.js';
import { limit } from './server-options.js';
import { TtrpcStatus } from './status.js';
import { StreamPool, type StreamPoolOptions } from './stream-pool.js';
import { Timer } from './timer.js';

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
  /** Waits between attempts to connect. */
  reconnect?: BackoffOptions | undefined;
  /** True: calls wait for a connection up to their deadline. False (default): they fail when an attempt fails. */
  waitForReady?: boolean | undefined;
}

/**
 * How the shared connection stands: not asked for yet or lost (`disconnected`), being made for the first time
 * (`connecting`) or again (`reconnecting`), up (`connected`), or closed for good.
 */
export type ChannelStatus = 'disconnected' | 'connecting' | 'connected' | 'reconnecting' | 'closed';

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

/**
 * A client's connections to one server: made on demand, made again when lost, one shared by the unary calls and one
 * for each stream. Calls of a lost connection end with UNAVAILABLE at once; none is sent twice.
 */
export class Channel {
  readonly limits: ClientLimits;
  readonly #source: ConnectionSource;
  readonly #options: ChannelOptions;
  readonly #observer: ChannelObserver;
  readonly #pool: StreamPool | undefined;
  readonly #backoff: Backoff;
  readonly #abort = new AbortController();
  #shared: ClientConnection | undefined;
  #attempt: Promise<void> | undefined;
  #status: ChannelStatus = 'disconnected';
  #wasConnected = false;
  #lastError: TtrpcError | undefined;
  #waiting = new Set<ClientCall>();
  /** No attempt before this time, in ms since the epoch: the last one has just failed. */
  #notBefore = 0;
  #retry: Timer | undefined;

  /** Makes no connection yet, except that a Duplex is taken at once. Raises a RangeError that names a bad option. */
  constructor(source: ConnectionSource, options: ChannelOptions = {}, observer: ChannelObserver = {}) {
    this.limits = clientLimits(options);
    limit(options, 'maxStreamConnections', 64);
    limit(options, 'streamIdleMs', 10_000);
    if (options.streams !== undefined && options.streams !== 'dedicated' && options.streams !== 'shared') {
      throw new RangeError(`streams: expected 'dedicated' or 'shared', got ${String(options.streams)}`);
    }
    // Each connection that is being made listens to it.
    setMaxListeners(0, this.#abort.signal);
    this.#source = source;
    this.#options = options;
    this.#observer = observer;
    this.#backoff = new Backoff(options.reconnect);
    if (source.kind === 'duplex') {
      this.#adopt(new ClientConnection(source.duplex, this.limits));
    } else if (!this.#isSingle) {
      this.#pool = new StreamPool(() => this.#open(), options, new Backoff(options.reconnect));
    }
  }

  /** How the shared connection stands. */
  get status(): ChannelStatus {
    return this.#status;
  }

  /** Connects the shared connection now. Rejects with UNAVAILABLE when that fails. */
  async connect(): Promise<void> {
    this.#checkOpen();
    if (this.#shared?.usable) return;
    await this.#connect();
    this.#checkOpen();
    if (this.#lastError && !this.#shared) throw this.#lastError;
  }

  /** Begins a unary or server-streaming call. Raises what the codec raises; whatever else happens goes to `observer`. */
  request<T>(
    method: MethodRef,
    codec: MessageCodec<T>,
    value: T,
    start: CallStart,
    route: RouteOptions,
    observer: CallObserver,
  ): ClientCall {
    const call = this.#newCall(method, start, route, observer);
    const shared = this.#shared;
    if (shared?.usable && !this.#wantsOwn(method, route)) {
      try {
        shared.request(call, codec, value);
      } catch (error) {
        call.fail(requestError(error));
      }
      return call;
    }
    try {
      call.keepRequest(codec, value);
    } catch (error) {
      call.fail(requestError(error));
      return call;
    }
    this.#route(call, route);
    return call;
  }

  /** Begins a client-streaming or bidi call; all that happens goes to `observer`. */
  openStream(method: MethodRef, start: CallStart, route: RouteOptions, observer: CallObserver): ClientCall {
    const call = this.#newCall(method, start, route, observer);
    this.#route(call, route);
    return call;
  }

  /** Closes all connections; calls in flight end with UNAVAILABLE, later ones, too. A second call is harmless. */
  close(): void {
    if (this.#status === 'closed') return;
    const error = new TtrpcError(TtrpcStatus.UNAVAILABLE, 'the client is closed');
    this.#setStatus('closed');
    this.#abort.abort(error);
    this.#retry?.clear();
    this.#shared?.close(error);
    this.#shared = undefined;
    this.#pool?.close(error);
    this.#failWaiting(error, true);
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

  #route(call: ClientCall, route: RouteOptions): void {
    if (this.#status === 'closed') {
      call.fail(new TtrpcError(TtrpcStatus.UNAVAILABLE, 'the client is closed', { unsent: true }));
    } else if (this.#wantsOwn(call.method, route)) {
      this.#pool?.begin(call);
    } else if (this.#shared?.usable) {
      call.beginOn(this.#shared);
    } else {
      this.#wait(call);
    }
  }

  #wait(call: ClientCall): void {
    const waitMs = this.#attempt ? 0 : this.#notBefore - Date.now();
    if (waitMs > 0 && !call.patient) {
      // The last attempt failed a moment ago: another one for each call would only add to the trouble.
      call.fail(this.#lastError ?? new TtrpcError(TtrpcStatus.UNAVAILABLE, 'not connected', { unsent: true }));
      return;
    }
    this.#waiting.add(call);
    call.queue = this.#waiting;
    if (waitMs > 0) this.#retryIn(waitMs);
    else void this.#connect();
  }

  #connect(): Promise<void> {
    return (this.#attempt ??= this.#tryConnect().finally(() => {
      this.#attempt = undefined;
    }));
  }

  async #tryConnect(): Promise<void> {
    this.#retry?.clear();
    this.#retry = undefined;
    this.#setStatus(this.#wasConnected ? 'reconnecting' : 'connecting', this.#lastError);
    try {
      // A shared connection whose ids are used up goes on with its calls and then ends.
      this.#shared = undefined;
      this.#adopt(await this.#open());
    } catch (error) {
      this.#onConnectFailed(TtrpcError.from(error));
    }
  }

  #onConnectFailed(error: TtrpcError): void {
    if (this.#status === 'closed') return;
    this.#lastError = error;
    this.#setStatus('disconnected', error);
    this.#failWaiting(error, false);
    const waitMs = this.#backoff.next();
    this.#notBefore = Date.now() + waitMs;
    if (this.#waiting.size > 0) this.#retryIn(waitMs);
  }

  #retryIn(ms: number): void {
    this.#retry ??= new Timer(ms, () => {
      this.#retry = undefined;
      if (this.#waiting.size > 0) void this.#connect();
    });
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
    return new ClientConnection(duplex, this.limits);
  }

  #adopt(connection: ClientConnection): void {
    this.#shared = connection;
    this.#lastError = undefined;
    this.#wasConnected = true;
    this.#notBefore = 0;
    this.#backoff.reset();
    connection.onEnded = (error) => this.#onLost(connection, error);
    this.#setStatus('connected');
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const call of waiting) call.beginOn(connection);
  }

  #onLost(connection: ClientConnection, error: TtrpcError): void {
    if (this.#shared !== connection) return;
    this.#shared = undefined;
    this.#lastError = error;
    if (this.#status === 'closed') return;
    if (this.#isSingle) this.close();
    else this.#setStatus('disconnected', error);
  }

  #failWaiting(error: TtrpcError, all: boolean): void {
    for (const call of [...this.#waiting]) if (all || !call.patient) call.fail(error);
  }

  #setStatus(status: ChannelStatus, error?: TtrpcError): void {
    if (this.#status === status || this.#status === 'closed') return;
    this.#status = status;
    this.#observer.onStatus?.(status, error);
  }

  #checkOpen(): void {
    if (this.#status === 'closed') throw new TtrpcError(TtrpcStatus.UNAVAILABLE, 'the client is closed');
  }
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
  const message = `connect: expected a Duplex, got ${duplex === null ? 'null' : typeof duplex}`;
  throw new TtrpcError(TtrpcStatus.UNAVAILABLE, message, { unsent: true });
}

/** True for what can carry a connection; by shape, since it may come from another realm. */
export function isDuplex(value: unknown): value is Duplex {
  const { write, on } = (value ?? {}) as { write?: unknown; on?: unknown };
  return typeof write === 'function' && typeof on === 'function';
}
