import type { Duplex } from 'node:stream';
import type { Backoff } from './backoff.js';
import type { ClientCall } from './client-call.js';
import type { ClientConnection, ConnectionOwner } from './client-connection.js';
import type { Dialer } from './dialer.js';
import { PendingCalls } from './pending-calls.js';
import { TtrpcError } from '../core/errors.js';
import { inRootContext } from '../core/root-context.js';
import { TtrpcStatus } from '../core/status.js';
import { Timer } from '../core/timer.js';

/**
 * How a shared connection stands: not asked for yet or lost (`disconnected`), being made for the first time
 * (`connecting`) or again (`reconnecting`), up (`connected`), or closed for good.
 */
export type ConnectionStatus = 'disconnected' | 'connecting' | 'connected' | 'reconnecting' | 'closed';

/**
 * A connection that many calls share: made when the first one needs it, made again when it is lost, with the calls that
 * wait for it meanwhile. After an attempt that failed, calls that do not want to wait fail at once until the backoff
 * allows another one.
 */
export class SharedConnection implements ConnectionOwner {
  #connection: ClientConnection | undefined;
  #attempt: Promise<void> | undefined;
  #status: ConnectionStatus = 'disconnected';
  #wasConnected = false;
  #lastError: TtrpcError | undefined;
  readonly #pending = new PendingCalls();
  /** No attempt before this time, in ms of `performance.now()`: the last one has just failed. */
  #notBefore = 0;
  #retry: Timer | undefined;

  /** `onStatus` is called at each change, with the reason where there is one. */
  constructor(
    private readonly dialer: Dialer,
    private readonly backoff: Backoff,
    private readonly onStatus: (error?: TtrpcError) => void,
  ) {}

  /** How it stands. */
  get status(): ConnectionStatus {
    return this.#status;
  }

  /** The connection, if a call can begin on it now. */
  get ready(): ClientConnection | undefined {
    return this.#connection?.usable ? this.#connection : undefined;
  }

  /** Makes the connection unless it is there. Rejects with the reason when that fails. */
  async connect(): Promise<void> {
    if (this.ready) return;
    await this.#connect();
    if (!this.ready && this.#lastError) throw this.#lastError;
  }

  /** How long calls fail at once, in ms, because an attempt to connect has just failed; 0 when the next one may connect. */
  get notBeforeMs(): number {
    return this.ready || this.#attempt ? 0 : Math.max(0, this.#notBefore - performance.now());
  }

  /** Calls that wait for a connection. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Begins `call` as soon as there is a connection. With `waitForReady` it waits up to its deadline. */
  begin(call: ClientCall): void {
    const ready = this.ready;
    if (ready) {
      ready.begin(call);
      return;
    }
    const waitMs = this.#attempt ? 0 : this.#notBefore - performance.now();
    if (waitMs > 0 && !call.waitForReady) {
      // The last attempt failed a moment ago: another one for each call would only add to the load.
      call.fail(this.#lastError ?? new TtrpcError(TtrpcStatus.UNAVAILABLE, 'not connected', { unsent: true }));
      return;
    }
    this.#pending.add(call);
    if (waitMs > 0) {
      call.connectError = this.#lastError;
      this.#retryIn(waitMs);
    } else {
      void this.#connect();
    }
  }

  /** Takes a Duplex that is connected. */
  speakOn(duplex: Duplex): void {
    this.#adopt(inRootContext(() => this.dialer.speakOn(duplex, this)));
  }

  #adopt(connection: ClientConnection): void {
    this.#connection = connection;
    this.#lastError = undefined;
    this.#wasConnected = true;
    this.#notBefore = 0;
    this.backoff.reset();
    this.#setStatus('connected');
    for (const call of this.#pending.takeAll()) connection.begin(call);
  }

  /** Closes it for good; calls on it and calls that wait end with `error`. */
  close(error: TtrpcError): void {
    this.#setStatus('closed');
    this.#retry?.clear();
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close(error);
    this.#pending.fail(error);
  }

  /** As {@link ConnectionOwner.onCallGone}. */
  onCallGone(connection: ClientConnection): void {
    if (connection !== this.#connection) this.#closeReplaced(connection);
  }

  /** As {@link ConnectionOwner.onGone}. */
  onGone(connection: ClientConnection, error: TtrpcError): void {
    this.dialer.forget(connection);
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#lastError = error;
    this.#setStatus('disconnected', error);
    // Of these nothing was written: they may try the next connection, once.
    for (const call of connection.takePending()) {
      if (call.movedOn) call.fail(error);
      else {
        call.movedOn = true;
        this.begin(call);
      }
    }
  }

  /** Another connection has taken its place: it goes on with its calls and ends with the last one. */
  #closeReplaced(connection: ClientConnection): void {
    if (connection.callCount > 0) return;
    connection.close(new TtrpcError(TtrpcStatus.UNAVAILABLE, 'the connection was replaced'));
  }

  #connect(): Promise<void> {
    return (this.#attempt ??= inRootContext(() =>
      this.#tryConnect().finally(() => {
        this.#attempt = undefined;
      }),
    ));
  }

  async #tryConnect(): Promise<void> {
    this.#retry?.clear();
    this.#retry = undefined;
    this.#setStatus(this.#wasConnected ? 'reconnecting' : 'connecting', this.#lastError);
    // One that is not usable, but open: see closeReplaced.
    const old = this.#connection;
    this.#connection = undefined;
    for (const call of old?.takePending() ?? []) this.#pending.add(call);
    if (old) this.#closeReplaced(old);
    try {
      this.#adopt(await this.dialer.open(this));
    } catch (error) {
      this.#onFailed(TtrpcError.from(error));
    }
  }

  #onFailed(error: TtrpcError): void {
    if (this.#status === 'closed') return;
    this.#lastError = error;
    this.#setStatus('disconnected', error);
    this.#pending.onConnectFailed(error, Infinity);
    const waitMs = this.backoff.next();
    this.#notBefore = performance.now() + waitMs;
    if (this.#pending.size > 0) this.#retryIn(waitMs);
  }

  #retryIn(ms: number): void {
    this.#retry ??= inRootContext(
      () =>
        new Timer(ms, () => {
          this.#retry = undefined;
          if (this.#pending.size > 0) void this.#connect();
        }),
    );
  }

  #setStatus(status: ConnectionStatus, error?: TtrpcError): void {
    if (this.#status === status || this.#status === 'closed') return;
    this.#status = status;
    this.onStatus(error);
  }
}
