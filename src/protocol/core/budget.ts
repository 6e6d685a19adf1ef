/** A limit for bytes that are held in memory, possibly as a share of a larger one (stream, connection, server). */
export class Budget {
  #used = 0;

  /** At most `limit` bytes here, and what `parent` allows in all. */
  constructor(
    readonly limit: number,
    private readonly parent?: Budget,
  ) {}

  /** Bytes taken and not given back. */
  get used(): number {
    return this.#used;
  }

  /** Takes `bytes`, or returns the limit that does not allow it. */
  take(bytes: number): number | undefined {
    if (this.#used + bytes > this.limit) return this.limit;
    const refused = this.parent?.take(bytes);
    if (refused === undefined) this.#used += bytes;
    return refused;
  }

  /** Takes `bytes` whatever the limit: for what is held already. False when a limit is exceeded with it. */
  force(bytes: number): boolean {
    this.#used += bytes;
    const fitsAbove = this.parent?.force(bytes) ?? true;
    return fitsAbove && this.#used <= this.limit;
  }

  /** Gives `bytes` back. */
  give(bytes: number): void {
    this.#used -= bytes;
    this.parent?.give(bytes);
  }
}
