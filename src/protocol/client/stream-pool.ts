import type { Backoff } from './backoff.js';
import type { ClientCall } from './client-call.js';
import type { ClientConnection, ConnectionOwner } from './client-connection.js';
import type { Dialer } from './dialer.js';
import { PendingCalls } from './pending-calls.js';
import { TtrpcError } from '../core/errors.js';
import { inRootContext } from '../core/root-context.js';
import { TtrpcStatus } from '../core/status.js';
import { Timer } from '../core/timer.js';

/** Limits of the connections that carry one call each. */
export interface StreamPoolOptions {
  /** Such connections at a time; calls beyond it wait, up to their deadline. Default 64. */
  maxStreamConnections?: number | undefined;
  /** How long a connection whose call has ended well is kept for the next one, in ms. Default 10,000. */
  streamIdleMs?: number | undefined;
}

/** A connection that waits for its next call, for as long as the timer runs. */
interface Idle {
  readonly connection: ClientConnection;
  readonly timer: Timer;
}

/**
 * Connections that carry one call at a time, so that the socket's backpressure is the stream's flow control and
 * closing the connection is its cancel (ARCHITECTURE.md, "Streams have a connection of their own"). A connection is
 * used again only after both sides have
 * closed its stream without an error.
 */
export class StreamPool implements ConnectionOwner {
  readonly #dialer: Dialer;
  readonly #max: number;
  readonly #idleMs: number;
  /** The one that was used last is the next to be used, so that those beyond the need grow old and go. */
  readonly #idle: Idle[] = [];
  readonly #busy = new Set<ClientConnection>();
  readonly #pending = new PendingCalls();
  readonly #backoff: Backoff;
  #opening = 0;
  /** Armed after an attempt to connect that failed: until then calls with `waitForReady` ask for no other. */
  #retry: Timer | undefined;

  /** After an attempt that failed, calls that wait for another one wait for `backoff` first. */
  constructor(dialer: Dialer, options: StreamPoolOptions, backoff: Backoff) {
    this.#dialer = dialer;
    this.#backoff = backoff;
    this.#max = options.maxStreamConnections ?? 64;
    this.#idleMs = options.streamIdleMs ?? 10_000;
  }

  /** Connections that are open for streams, busy or idle. */
  get size(): number {
    return this.#idle.length + this.#busy.size;
  }

  /** Calls that wait for a connection. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Begins `call` on a connection of its own: an idle one, a new one, or the next that becomes free. */
  begin(call: ClientCall): void {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      const { connection, timer } = idle;
      timer.clear();
      if (connection.usable) {
        this.#beginOn(connection, call);
        return;
      }
      connection.close(closedError());
    }
    this.#pending.add(call);
    this.#openMore();
  }

  /** Closes all connections; calls on them and calls that wait end with `error`. */
  close(error: TtrpcError): void {
    this.#retry?.clear();
    // First, so that no connection that closes seems to make room for one of them.
    this.#pending.fail(error);
    for (const { connection, timer } of this.#idle.splice(0)) {
      timer.clear();
      connection.close(error);
    }
    for (const connection of [...this.#busy]) connection.close(error);
  }

  #openMore(): void {
    while (this.#wanted > this.#opening && this.size + this.#opening < this.#max) {
      this.#opening++;
      inRootContext(() => this.#dialer.open(this)).then(
        (connection) => {
          this.#opening--;
          this.#backoff.reset();
          this.#retry?.clear();
          this.#retry = undefined;
          this.#offer(connection);
          this.#openMore();
        },
        (error: unknown) => {
          this.#opening--;
          this.#onOpenFailed(TtrpcError.from(error));
        },
      );
    }
  }

  /** Calls that want a connection now. */
  get #wanted(): number {
    return this.#retry ? this.#pending.countImpatient() : this.#pending.size;
  }

  /** Each attempt stands for one call: the first that does not wait for another one fails with it. */
  #onOpenFailed(error: TtrpcError): void {
    this.#pending.onConnectFailed(error, 1);
    if (this.#pending.size === 0) return;
    this.#retry ??= inRootContext(
      () =>
        new Timer(this.#backoff.next(), () => {
          this.#retry = undefined;
          this.#openMore();
        }),
    );
    this.#openMore();
  }

  #offer(connection: ClientConnection): void {
    const call = this.#pending.shift();
    if (call) {
      this.#beginOn(connection, call);
      return;
    }
    const timer = inRootContext(
      () =>
        new Timer(this.#idleMs, () => {
          this.#forgetIdle(connection);
          connection.close(closedError());
        }),
    );
    this.#idle.push({ connection, timer });
  }

  #forgetIdle(connection: ClientConnection): void {
    const index = this.#idle.findIndex((idle) => idle.connection === connection);
    if (index >= 0) this.#idle.splice(index, 1)[0]?.timer.clear();
  }

  /** As {@link ConnectionOwner.onGone}. */
  onGone(connection: ClientConnection): void {
    this.#dialer.forget(connection);
    this.#forgetIdle(connection);
    if (this.#busy.delete(connection)) this.#openMore();
  }

  /** As {@link ConnectionOwner.onCallGone}. */
  onCallGone(connection: ClientConnection, call: ClientCall): void {
    if (!this.#busy.delete(connection)) return;
    // A stream that was cut short may have bytes on their way: its connection is of no further use.
    if (call.endedClean && connection.usable) this.#offer(connection);
    else connection.close(closedError());
    this.#openMore();
  }

  #beginOn(connection: ClientConnection, call: ClientCall): void {
    this.#busy.add(connection);
    connection.begin(call);
    // A call that could not start leaves the connection as it was.
    if (connection.callCount === 0 && this.#busy.delete(connection)) this.#offer(connection);
  }
}

function closedError(): TtrpcError {
  return new TtrpcError(TtrpcStatus.CANCELLED, 'the call was given up');
}
