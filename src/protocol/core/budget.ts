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

  /** True when {@link take} would take `bytes` now. */
  fits(bytes: number): boolean {
    return this.#used + bytes <= this.limit && (this.parent === undefined || this.parent.fits(bytes));
  }

  /** The limit that `bytes` more would exceed, here or above; undefined when they fit. */
  exceededBy(bytes: number): number | undefined {
    return this.#used + bytes > this.limit ? this.limit : this.parent?.exceededBy(bytes);
  }

  /** Takes `bytes`, or returns the limit that does not allow it. */
  take(bytes: number): number | undefined {
    const exceeded = this.exceededBy(bytes);
    if (exceeded === undefined) this.force(bytes);
    return exceeded;
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
