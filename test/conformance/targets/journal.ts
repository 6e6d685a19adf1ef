import type { CallEventMatch } from '../case.js';
import { patiently } from '../run/connection.js';

/** What happened to the calls of a server, so that cases can see what does not show on the wire. */
export class Journal {
  private readonly events: CallEventMatch[] = [];
  private waiting: (() => void)[] = [];

  add(event: CallEventMatch): void {
    this.events.push(event);
    for (const wake of this.waiting.splice(0)) wake();
  }

  has(wanted: CallEventMatch): boolean {
    return this.events.some((event) => eventMatches(event, wanted));
  }

  /** Waits until this has happened. */
  async wait(wanted: CallEventMatch): Promise<void> {
    while (!this.has(wanted)) {
      await patiently(
        new Promise<void>((resolve) => this.waiting.push(resolve)),
        () => `this happens: ${JSON.stringify(wanted)}`,
      );
    }
  }
}

export function eventMatches(event: CallEventMatch, wanted: CallEventMatch): boolean {
  return (
    event.event === wanted.event &&
    event.method === wanted.method &&
    event.seq === wanted.seq &&
    (wanted.cause === undefined || event.cause === wanted.cause)
  );
}
