import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { describe } from '../protocol/core/describe.js';
import type { DrainListener } from '../transport/drain-listener.js';

/** What an application says of a service. */
export type TtrpcServingStatus = 'UNKNOWN' | 'SERVING' | 'NOT_SERVING';

/** What a watcher gets: also SERVICE_UNKNOWN, while the service has no status. */
export type TtrpcWatchedStatus = TtrpcServingStatus | 'SERVICE_UNKNOWN';

const STATUSES: readonly unknown[] = ['UNKNOWN', 'SERVING', 'NOT_SERVING'];

/**
 * The health of an application: a status for each service, under the name that callers ask for. The empty name stands
 * for the whole server and is SERVING from the start; other services have a status once it is set. Everything is
 * NOT_SERVING once the application shuts down: with `drainFirst` before its servers close.
 */
@Injectable()
export class TtrpcHealth implements OnModuleDestroy, DrainListener {
  readonly #statuses = new Map<string, TtrpcServingStatus>([['', 'SERVING']]);
  readonly #watchers = new Set<() => void>();
  readonly #waiting = new WeakMap<AbortSignal, Set<() => void>>();
  #isDown = false;

  /**
   * Sets the status of a service; the empty name is the whole server. After {@link shutdown} the new status counts from
   * {@link resume} on. @throws TypeError for a name that is not a string and for another status.
   */
  setStatus(service: string, status: TtrpcServingStatus): void {
    checkName('setStatus', service);
    if (!STATUSES.includes(status)) {
      throw new TypeError(
        `setStatus(${JSON.stringify(service)}): expected UNKNOWN, SERVING or NOT_SERVING, got ${describe(status)}`,
      );
    }
    this.#statuses.set(service, status);
    this.#changed();
  }

  /**
   * Forgets a service: Check is NOT_FOUND from now on, and watchers get SERVICE_UNKNOWN. @throws TypeError for a name that
   * is not a string
   */
  clearStatus(service: string): void {
    checkName('clearStatus', service);
    if (this.#statuses.delete(service)) this.#changed();
  }

  /** The status of a service; the empty name, the default, is the whole server. Undefined: none was set. */
  getStatus(service = ''): TtrpcServingStatus | undefined {
    const status = this.#statuses.get(service);
    return status !== undefined && this.#isDown ? 'NOT_SERVING' : status;
  }

  /** The status of each service that has one, in the order in which they were first set. */
  getStatuses(): Map<string, TtrpcServingStatus> {
    return new Map([...this.#statuses].map(([service, status]) => [service, this.#isDown ? 'NOT_SERVING' : status]));
  }

  /** Makes every service NOT_SERVING until {@link resume}. The application calls it when it shuts down. */
  shutdown(): void {
    this.#isDown = true;
    this.#changed();
  }

  /** Ends what {@link shutdown} began: each service has the status again that was last set. */
  resume(): void {
    this.#isDown = false;
    this.#changed();
  }

  /** As {@link DrainListener.onDrain}. */
  onDrain(): void {
    this.shutdown();
  }

  /** Nest calls it before the servers of a hybrid application close. */
  onModuleDestroy(): void {
    this.shutdown();
  }

  /**
   * The status of a service now and after each change; a reader that is slow gets the latest. Ends when `signal` aborts,
   * with NOT_SERVING as its last status where the service had another, and when the reader leaves.
   */
  watch(service: string, signal?: AbortSignal): AsyncGenerator<TtrpcWatchedStatus, void, undefined> {
    const left = new AbortController();
    const watching = this.#watch(service, signal, left.signal);
    const leave = watching.return.bind(watching);
    // A generator itself would return only after the next change.
    watching.return = (value) => {
      left.abort();
      return leave(value);
    };
    return watching;
  }

  async *#watch(
    service: string,
    signal: AbortSignal | undefined,
    left: AbortSignal,
  ): AsyncGenerator<TtrpcWatchedStatus, void, undefined> {
    let last: TtrpcWatchedStatus | undefined;
    while (!left.aborted) {
      const isOver = signal?.aborted === true;
      const known = this.getStatus(service);
      const status = known === undefined ? 'SERVICE_UNKNOWN' : isOver ? 'NOT_SERVING' : known;
      if (status !== last) {
        last = status;
        yield status;
        // It may have changed while the reader took this one.
        if (!isOver) continue;
      }
      if (isOver) return;
      await this.#nextChange(signal, left);
    }
  }

  #nextChange(...signals: (AbortSignal | undefined)[]): Promise<void> {
    return new Promise((resolve) => {
      const places = [this.#watchers, ...signals.flatMap((signal) => (signal ? this.#waitingFor(signal) : []))];
      const done = (): void => {
        for (const place of places) place.delete(done);
        resolve();
      };
      for (const place of places) place.add(done);
      if (signals.some((signal) => signal?.aborted)) done();
    });
  }

  /** What is called when `signal` aborts, by one listener: from the eleventh on Node would warn of a leak. */
  #waitingFor(signal: AbortSignal): Set<() => void> {
    const known = this.#waiting.get(signal);
    if (known) return known;
    const waiting = new Set<() => void>();
    this.#waiting.set(signal, waiting);
    signal.addEventListener('abort', () => callAll(waiting), { once: true });
    return waiting;
  }

  #changed(): void {
    callAll(this.#watchers);
  }
}

/** Each may leave the set. */
function callAll(waiting: ReadonlySet<() => void>): void {
  for (const each of [...waiting]) each();
}

/** @throws TypeError that names the method */
function checkName(method: string, service: unknown): void {
  if (typeof service === 'string') return;
  throw new TypeError(`${method}: expected the name of a service, got ${describe(service)}`);
}
