/** So many ids are remembered at most of each kind; older ones are forgotten. */
const MAX_REMEMBERED = 1024;

/** A set that forgets its oldest members beyond a bound. */
export class BoundedSet {
  /** Made when it is needed: most connections never remember an id. */
  #members: Set<number> | undefined;

  /** Adds `id`, forgetting the oldest when there are too many. */
  add(id: number): void {
    const members = (this.#members ??= new Set());
    members.add(id);
    if (members.size > MAX_REMEMBERED) members.delete(members.values().next().value as number);
  }

  /** True while `id` is remembered. */
  has(id: number): boolean {
    return this.#members?.has(id) === true;
  }

  /** Forgets `id`; true when it was there. */
  delete(id: number): boolean {
    return this.#members?.delete(id) === true;
  }
}

/**
 * Which stream ids a client has used. Rust's async client may put ids on the wire out of order, so an id below the
 * highest is fine if it was passed over (PROTOCOL.md, "What the Go server answers"); of those the newest are remembered.
 */
export class UsedIds {
  #highest = -1;
  readonly #passedOver = new BoundedSet();

  /** Marks the odd `id` as used; false when it was used before or is too old to tell. */
  use(id: number): boolean {
    if (id > this.#highest) {
      const first = Math.max(this.#highest < 0 ? 1 : this.#highest + 2, id - 2 * MAX_REMEMBERED);
      for (let skipped = first; skipped < id; skipped += 2) this.#passedOver.add(skipped);
      this.#highest = id;
      return true;
    }
    return this.#passedOver.delete(id);
  }
}
