import type { Backoff } from './backoff.js';
import type { ClientCall } from './client-call.js';
import type { ClientConnection } from './client-connection.js';
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
export class StreamPool {
  readonly #open: () => Promise<ClientConnection>;
  readonly #max: number;
  readonly #idleMs: number;
  /** The one that was used last is the next to be used, so that those beyond the need grow old and go. */
  readonly #idle: Idle[] = [];
  readonly #busy = new Set<ClientConnection>();
  readonly #waiting = new Set<ClientCall>();
  readonly #backoff: Backoff;
  #opening = 0;
  /** Armed after an attempt to connect that failed: until then patient calls ask for no other. */
  #retry: Timer | undefined;

  /** `open` makes a connection; after one that failed, calls that wait for it wait for `backoff` first. */
  constructor(open: () => Promise<ClientConnection>, options: StreamPoolOptions, backoff: Backoff) {
    this.#open = open;
    this.#backoff = backoff;
    this.#max = options.maxStreamConnections ?? 64;
    this.#idleMs = options.streamIdleMs ?? 10_000;
  }

  /** Connections that are open for streams, busy or idle. */
  get size(): number {
    return this.#idle.length + this.#busy.size;
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
    this.#waiting.add(call);
    call.queue = this.#waiting;
    this.#openMore();
  }

  /** Closes all connections; calls on them and calls that wait end with `error`. */
  close(error: TtrpcError): void {
    this.#retry?.clear();
    // First, so that no connection that closes seems to make room for one of them.
    for (const call of [...this.#waiting]) call.fail(error);
    for (const { connection, timer } of this.#idle.splice(0)) {
      timer.clear();
      connection.close(error);
    }
    for (const connection of [...this.#busy]) connection.close(error);
  }

  #openMore(): void {
    while (this.#wanted > this.#opening && this.size + this.#opening < this.#max) {
      this.#opening++;
      inRootContext(this.#open).then(
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
    if (!this.#retry) return this.#waiting.size;
    let wanted = 0;
    for (const call of this.#waiting) if (!call.patient) wanted++;
    return wanted;
  }

  /** Each attempt stands for one call: the first that does not wait for another one fails with it. */
  #onOpenFailed(error: TtrpcError): void {
    let failing: ClientCall | undefined;
    for (const call of this.#waiting) {
      call.connectError = error;
      if (!call.patient) failing ??= call;
    }
    failing?.fail(error);
    if (this.#waiting.size === 0) return;
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
    const call = this.#nextWaiting();
    if (call) {
      this.#beginOn(connection, call);
      return;
    }
    const timer = inRootContext(
      () =>
        new Timer(this.#idleMs, () => {
          this.#forget(idle);
          connection.close(closedError());
        }),
    );
    const idle: Idle = { connection, timer };
    this.#idle.push(idle);
    connection.onEnded = () => {
      timer.clear();
      this.#forget(idle);
    };
  }

  #forget(idle: Idle): void {
    const index = this.#idle.indexOf(idle);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  /** The next call that waits. */
  #nextWaiting(): ClientCall | undefined {
    for (const call of this.#waiting) {
      this.#waiting.delete(call);
      return call;
    }
    return undefined;
  }

  #beginOn(connection: ClientConnection, call: ClientCall): void {
    this.#busy.add(connection);
    connection.onEnded = () => {
      this.#busy.delete(connection);
      this.#openMore();
    };
    connection.onCallGone = (gone) => {
      this.#busy.delete(connection);
      // A stream that was cut short may have bytes on their way: its connection is of no further use.
      if (gone.endedClean && connection.usable) this.#offer(connection);
      else connection.close(closedError());
      this.#openMore();
    };
    call.beginOn(connection);
    // A call that could not begin leaves the connection as it was.
    if (connection.callCount === 0 && this.#busy.delete(connection)) this.#offer(connection);
  }
}

function closedError(): TtrpcError {
  return new TtrpcError(TtrpcStatus.CANCELLED, 'the call was given up');
}
