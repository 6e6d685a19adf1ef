/** A reader may be this many messages behind before the connection is held back. */
const HIGH_MESSAGES = 512;

/** The same in bytes. */
const HIGH_BYTES = 256 * 1024;

/** What a queued message takes beside its bytes. */
const OVERHEAD_BYTES = 64;

/** Holds the source of an {@link ReceiveQueue} back, and lets it go on. */
export interface Flow {
  /** No more, please; may be called again. */
  pauseInput(): void;
  /** Go on; may be called without a hold. */
  resumeInput(): void;
  /** So many bytes more are queued. False: the source is to be held back already. */
  onQueued?(bytes: number): boolean;
  /** This many of the queued bytes were taken. */
  onTaken?(bytes: number): void;
}

interface Waiting<T> {
  resolve(result: IteratorResult<T, undefined> | Promise<never>): void;
}

/**
 * Received messages on their way to one reader who takes them one by one. When the reader is more than 512 messages or
 * 256 KiB behind, the connection is held back until it has caught up to a quarter of that.
 */
export class ReceiveQueue<T> implements AsyncIterableIterator<T, undefined> {
  // What is queued stands in [#head, #tail) of both arrays: no object for each message, no new array when all is taken.
  #values: (T | undefined)[] = [];
  #sizes: number[] = [];
  #head = 0;
  #tail = 0;
  #bytes = 0;
  #end: { error?: unknown } | undefined;
  #waiting: Waiting<T>[] = [];
  #paused = false;
  #listener: (() => void) | undefined;
  #endTaken = false;

  /** `onAbandoned` is called when the reader leaves before the end. */
  constructor(
    private readonly flow: Flow,
    private readonly onAbandoned: () => void,
  ) {}

  /** Adds a message that takes some `bytes` of memory. After the end it is dropped. */
  push(value: T, bytes: number): void {
    if (this.#end) return;
    if (this.#waiting.length > 0) {
      (this.#waiting.shift() as Waiting<T>).resolve({ value, done: false });
      return;
    }
    this.#values[this.#tail] = value;
    this.#sizes[this.#tail++] = bytes;
    this.#bytes += bytes;
    const fits = this.flow.onQueued?.(bytes + OVERHEAD_BYTES) ?? true;
    this.#listener?.();
    if (this.#paused) return;
    const { size } = this;
    if (size > 0 && (!fits || size >= HIGH_MESSAGES || this.#bytes >= HIGH_BYTES)) {
      this.#paused = true;
      this.flow.pauseInput();
    }
  }

  /** No message follows. */
  end(): void {
    this.#finish({});
  }

  /** No message follows, for a reason: what is queued is delivered first, then the error. */
  fail(error: unknown): void {
    this.#finish({ error });
  }

  /** No message follows, for a reason that overtakes what is queued: that is dropped. */
  abort(error: unknown): void {
    this.#drop();
    this.#end = undefined;
    this.#finish({ error });
  }

  /** Calls `listener` whenever there may be something to {@link take}, or {@link takeEnd the end}: for a reader who does not wait on promises. */
  listen(listener: (() => void) | undefined): void {
    this.#listener = listener;
  }

  /** Messages that are queued. */
  get size(): number {
    return this.#tail - this.#head;
  }

  /** The next message; only while {@link size} is above 0. */
  take(): T {
    const at = this.#head++;
    const value = this.#values[at] as T;
    const bytes = this.#sizes[at] as number;
    this.#values[at] = undefined;
    this.#bytes -= bytes;
    this.flow.onTaken?.(bytes + OVERHEAD_BYTES);
    if (this.#head === this.#tail) this.#rewind();
    // Shifting an array costs its length; the taken part is dropped now and then instead.
    else if (this.#head >= HIGH_MESSAGES) this.#cut();
    if (this.#paused && this.size <= HIGH_MESSAGES / 4 && this.#bytes <= HIGH_BYTES / 4) this.#resume();
    return value;
  }

  /** Behind the last message: the end, once, with its error if there is one. Undefined before it. */
  takeEnd(): { readonly error?: unknown } | undefined {
    if (!this.#end || this.#endTaken || this.size > 0) return undefined;
    this.#endTaken = true;
    return this.#end;
  }

  /** The next message; rejects with the stream's error. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#tail > this.#head) return Promise.resolve({ value: this.take(), done: false });
    if (this.#end) {
      const { error } = this.#end;
      this.#end = {};
      return error === undefined ? Promise.resolve(DONE) : this.rejection(error);
    }
    return new Promise((resolve) => this.#waiting.push({ resolve }));
  }

  /** The reader leaves: what is queued is dropped. */
  return(): Promise<IteratorResult<T, undefined>> {
    const atEnd = this.#end !== undefined;
    this.#drop();
    this.#end = {};
    for (const reader of this.#waiting.splice(0)) reader.resolve(DONE);
    if (!atEnd) this.onAbandoned();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** What the reader gets for the error with which the stream has failed. */
  protected rejection(error: unknown): Promise<never> {
    return Promise.reject(error);
  }

  #rewind(): void {
    this.#head = 0;
    this.#tail = 0;
    // What one burst needed is not kept for ever.
    if (this.#values.length > HIGH_MESSAGES) {
      this.#values = [];
      this.#sizes = [];
    }
  }

  #cut(): void {
    this.#values.splice(0, this.#head);
    this.#sizes.splice(0, this.#head);
    this.#tail -= this.#head;
    this.#head = 0;
  }

  #drop(): void {
    if (this.size > 0) this.flow.onTaken?.(this.#bytes + this.size * OVERHEAD_BYTES);
    this.#values = [];
    this.#sizes = [];
    this.#head = 0;
    this.#tail = 0;
    this.#bytes = 0;
    this.#resume();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.flow.resumeInput();
  }

  #finish(end: { error?: unknown }): void {
    if (this.#end) return;
    this.#end = end;
    this.#listener?.();
    const [first, ...others] = this.#waiting.splice(0);
    if (!first) return;
    if (end.error === undefined) first.resolve(DONE);
    else {
      this.#end = {};
      first.resolve(this.rejection(end.error));
    }
    for (const reader of others) reader.resolve(DONE);
  }
}

const DONE: { value: undefined; done: true } = { value: undefined, done: true };
