/** A reader may be so many messages behind before the connection is held back. */
const HIGH_MESSAGES = 512;

/** The same in bytes. */
const HIGH_BYTES = 256 * 1024;

/** What a queued message takes beside its bytes. */
const OVERHEAD_BYTES = 64;

/** Holds the source of an {@link Inbox} back, and lets it go on. */
export interface Flow {
  /** No more, please; may be called again. */
  holdInput(): void;
  /** Go on; may be called without a hold. */
  releaseInput(): void;
  /** So many bytes more are queued. False: the source is to be held back already. */
  onQueued?(bytes: number): boolean;
  /** So many of the queued bytes are there no more. */
  onTaken?(bytes: number): void;
}

interface Waiting<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/**
 * Received messages on their way to one reader who takes them one by one. When the reader is more than 512 messages or
 * 256 KiB behind, the connection is held back until he has caught up to a quarter of that.
 */
export class Inbox<T> implements AsyncIterableIterator<T, undefined> {
  #items: { value: T; bytes: number }[] = [];
  #head = 0;
  #bytes = 0;
  #end: { error?: unknown } | undefined;
  #waiting: Waiting<T>[] = [];
  #held = false;
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
    const reader = this.#waiting.shift();
    if (reader) {
      reader.resolve({ value, done: false });
      return;
    }
    this.#items.push({ value, bytes });
    this.#bytes += bytes;
    const fits = this.flow.onQueued?.(bytes + OVERHEAD_BYTES) ?? true;
    this.#listener?.();
    if (!this.#held && this.#count > 0 && (!fits || this.#count >= HIGH_MESSAGES || this.#bytes >= HIGH_BYTES)) {
      this.#held = true;
      this.flow.holdInput();
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

  /** Calls `listener` whenever there may be something to {@link take}: for a reader who does not wait on promises. */
  listen(listener: (() => void) | undefined): void {
    this.#listener = listener;
  }

  /** The next message that is there, the end (once, with its error if there is one), or undefined. */
  take(): { value: T } | { end: true; error: unknown } | undefined {
    if (this.#count > 0) return { value: this.#shift() };
    if (!this.#end || this.#endTaken) return undefined;
    this.#endTaken = true;
    return { end: true, error: this.#end.error };
  }

  /** The next message; rejects with the stream's error. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#count > 0) return Promise.resolve({ value: this.#shift(), done: false });
    if (this.#end) {
      const { error } = this.#end;
      this.#end = {};
      return error === undefined ? Promise.resolve(DONE) : Promise.reject(error);
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
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

  get #count(): number {
    return this.#items.length - this.#head;
  }

  #shift(): T {
    const { value, bytes } = this.#items[this.#head++] as { value: T; bytes: number };
    this.#bytes -= bytes;
    this.flow.onTaken?.(bytes + OVERHEAD_BYTES);
    // Shifting an array costs its length; the taken part is dropped now and then instead.
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= HIGH_MESSAGES) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    if (this.#held && this.#count <= HIGH_MESSAGES / 4 && this.#bytes <= HIGH_BYTES / 4) this.#release();
    return value;
  }

  #drop(): void {
    if (this.#count > 0) this.flow.onTaken?.(this.#bytes + this.#count * OVERHEAD_BYTES);
    this.#items = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#release();
  }

  #release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.flow.releaseInput();
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
      first.reject(end.error);
    }
    for (const reader of others) reader.resolve(DONE);
  }
}

const DONE: { value: undefined; done: true } = { value: undefined, done: true };
