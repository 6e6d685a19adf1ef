/** A limit on the bytes held in memory, possibly within a larger one (stream, connection, server). */
export class Budget {
  #used = 0;

  /** Allows `limit` bytes here, and no more in all than `parent` allows. */
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

  /** Takes `bytes` and returns undefined, or takes nothing and returns the limit that would be exceeded. */
  take(bytes: number): number | undefined {
    const exceeded = this.exceededBy(bytes);
    if (exceeded === undefined) this.force(bytes);
    return exceeded;
  }

  /** Takes `bytes` that are held already, whatever the limit. Returns false when a limit is now exceeded. */
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
