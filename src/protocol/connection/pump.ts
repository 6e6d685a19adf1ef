/**
 * After this long, in ms, the pump lets the event loop do other work, since a source may never really wait: by time, so that
 * cheap messages leave in large writes and expensive ones do not hold up other streams.
 */
const TURN_MS = 0.1;

/** So often, in messages, it looks at the clock. */
const LOOK_EVERY = 64;

/** After this many messages its turn is over whatever the clock says: tests may have stopped it. */
const MAX_TURN = 1024;

/** Where a {@link Pump} sends to: the outgoing side of a call. */
export interface PumpTarget<T> {
  /** False: wait for `onWritable`. */
  readonly writable: boolean;
  /** Calls back once, when the next message may be sent. */
  onWritable(callback: () => void): void;
  /** Sends one message; what it throws ends the pump. */
  send(value: T): void;
}

/**
 * Sends what an iterable gives, pulling the next message only while the peer takes them. It ends once: when the source
 * ends or fails, when a message cannot be sent, or when it is stopped; the source's `return()` runs in the last two.
 */
export class Pump<T> {
  readonly #iterator: AsyncIterator<T> | Iterator<T>;
  #stopped = false;
  #wake: (() => void) | undefined;

  /** Begins nothing yet; see {@link run}. @throws what the source throws when it has no iterator (a locked stream) */
  constructor(
    source: AsyncIterable<T> | Iterable<T>,
    private readonly target: PumpTarget<T>,
  ) {
    this.#iterator = iteratorOf(source);
  }

  /** Resolves when the source has ended (true) or the pump was stopped (false); rejects with the source's error or that of a message. */
  async run(): Promise<boolean> {
    const { target } = this;
    let sent = 0;
    let began = performance.now();
    for (;;) {
      const result = await this.#iterator.next();
      if (this.#stopped) return false;
      if (result.done) return true;
      try {
        target.send(result.value);
      } catch (error) {
        this.#leave();
        throw error;
      }
      if (!target.writable) await this.#writable();
      else if (++sent % LOOK_EVERY > 0 || (sent < MAX_TURN && performance.now() - began < TURN_MS)) continue;
      else await new Promise<void>((resolve) => setImmediate(resolve));
      sent = 0;
      began = performance.now();
      if (this.#stopped) return false;
    }
  }

  /** Sends nothing more and lets the source clean up. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#wake?.();
    this.#leave();
  }

  #writable(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.target.onWritable(resolve);
    });
  }

  #leave(): void {
    leave(this.#iterator);
  }
}

/** Lets a source clean up of which nothing is read. Never throws, however broken the source is. */
export function abandon(source: AsyncIterable<unknown> | Iterable<unknown>): void {
  try {
    leave(iteratorOf(source));
  } catch {
    // A stream that is locked or was read already has no iterator; nothing is left to report that to.
  }
}

/** Lets a source clean up of which no more is read. Never throws. */
export function leave(iterator: AsyncIterator<unknown> | Iterator<unknown>): void {
  // A source may fail while it cleans up; nothing is left to report that to.
  try {
    Promise.resolve(iterator.return?.()).catch(() => undefined);
  } catch {
    // As above, for a synchronous iterator.
  }
}

/** How a {@link Pump} reads `source`. @throws what the source throws when it has no iterator (a locked stream) */
export function iteratorOf<T>(source: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

/** True for what a {@link Pump} can read; false for a string, although that is iterable. */
export function isIterable(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** True for what a {@link Pump} reads asynchronously. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
