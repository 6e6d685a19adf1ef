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
 * NOT_SERVING as soon as the application shuts down.
 */
@Injectable()
export class TtrpcHealth implements OnModuleDestroy, DrainListener {
  readonly #statuses = new Map<string, TtrpcServingStatus>([['', 'SERVING']]);
  readonly #watchers = new Set<() => void>();
  #isDown = false;

  /**
   * Sets the status of a service; the empty name is the whole server. After {@link shutdown} the new status counts from
   * {@link resume} on. @throws TypeError for a name that is not a string and for another status.
   */
  setStatus(service: string, status: TtrpcServingStatus): void {
    if (typeof service !== 'string') {
      throw new TypeError(`setStatus: expected the name of a service, got ${describe(service)}`);
    }
    if (!STATUSES.includes(status)) {
      throw new TypeError(
        `setStatus(${JSON.stringify(service)}): expected UNKNOWN, SERVING or NOT_SERVING, got ${describe(status)}`,
      );
    }
    this.#statuses.set(service, status);
    this.#changed();
  }

  /** Forgets a service: Check is NOT_FOUND from now on, and watchers get SERVICE_UNKNOWN. */
  clearStatus(service: string): void {
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
   * with NOT_SERVING as its last status where the service had another.
   */
  async *watch(service: string, signal: AbortSignal): AsyncGenerator<TtrpcWatchedStatus, void, undefined> {
    let last: TtrpcWatchedStatus | undefined;
    for (;;) {
      const isOver = signal.aborted;
      const known = this.getStatus(service);
      const status = known === undefined ? 'SERVICE_UNKNOWN' : isOver ? 'NOT_SERVING' : known;
      if (status !== last) {
        last = status;
        yield status;
        // It may have changed while the reader took this one.
        if (!isOver) continue;
      }
      if (isOver) return;
      await this.#nextChange(signal);
    }
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#watchers.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#watchers.add(done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }

  #changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
