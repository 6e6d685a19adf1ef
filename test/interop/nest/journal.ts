import type { ServerEvent } from '../peer.js';
import type { Changes } from './changes.js';

/** What happened to the calls of a server. */
export class Journal {
  #events: ServerEvent[] = [];
  /** Calls that have started and not ended. */
  running = 0;

  constructor(private readonly changes: Changes) {}

  add(event: ServerEvent): void {
    this.#events.push(event);
    this.running += event.event === 'started' ? 1 : -1;
    this.changes.notify();
  }

  /** The events so far. */
  get events(): readonly ServerEvent[] {
    return this.#events;
  }

  /** Forgets the events, not the calls that run. */
  clear(): void {
    this.#events = [];
  }
}
