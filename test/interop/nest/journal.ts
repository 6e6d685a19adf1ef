import { TtrpcException, TtrpcStatus, type TtrpcContext } from 'nestjs-ttrpc';
import type { Progress, ServerEvent } from '../peer.js';
import type { Changes } from './changes.js';

/** What happened to the calls of a server. */
export class Journal {
  #events: ServerEvent[] = [];
  readonly #progress = new Map<string, Progress>();
  /** Calls that have started and not ended. */
  running = 0;

  constructor(private readonly changes: Changes) {}

  add(event: ServerEvent): void {
    this.#events.push(event);
    this.running += event.event === 'started' ? 1 : -1;
    this.changes.notify();
  }

  /** Keeps the counts of a call while it runs; undefined lets go of them. */
  setProgress(method: string, seq: number, progress: Progress | undefined): void {
    if (progress) this.#progress.set(`${method} ${seq}`, progress);
    else this.#progress.delete(`${method} ${seq}`);
  }

  /** The counts of a running call. */
  progress(method: string, seq: number): Progress {
    const found = this.#progress.get(`${method} ${seq}`);
    if (!found) throw new Error(`no call of ${method} with seq ${seq} runs`);
    return { ...found };
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

/** One call's place in the journal: its beginning and its end, each written once. */
export class JournalEntry {
  /** Its messages so far. */
  readonly progress: Progress = { sent: 0, received: 0 };
  #seq: number | undefined;
  #ended = false;

  constructor(
    private readonly journal: Journal,
    private readonly context: TtrpcContext,
  ) {}

  /** That of the call's first request. */
  get seq(): number {
    return this.#seq ?? 0;
  }

  /** Records that the handler has begun. */
  begin(seq = 0): void {
    if (this.#seq !== undefined) return;
    this.#seq = seq;
    const { method } = this.context;
    this.journal.add({ event: 'started', method, seq });
    this.journal.setProgress(method, seq, this.progress);
  }

  /** Records the end: cancelled if the call was over before its handler, else finished with `error`'s code. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.begin();
    const { signal, method } = this.context;
    this.journal.setProgress(method, this.seq, undefined);
    const at = { method, seq: this.seq };
    if (!signal.aborted) {
      const code = error instanceof TtrpcException ? error.code : error === undefined ? 0 : TtrpcStatus.UNKNOWN;
      this.journal.add({ event: 'finished', ...at, code });
      return;
    }
    const { code } = signal.reason as TtrpcException;
    const cause = code === TtrpcStatus.DEADLINE_EXCEEDED ? 'deadline' : 'cancelled';
    this.journal.add({ event: 'cancelled', ...at, cause });
  }
}
