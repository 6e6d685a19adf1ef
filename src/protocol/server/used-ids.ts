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

/** So many ranges of ids that were passed over are remembered at most; older ones are forgotten. */
const MAX_GAPS = 256;

/**
 * Which stream ids a client has used. Rust's async client may put ids on the wire out of order, so an id below the
 * highest is fine if it was passed over (PROTOCOL.md, "What the server answers"). Of each range of such ids the newest
 * 1,024 are remembered, by their first and last: a client that leaves out many ids costs no more than one that leaves out
 * one.
 */
export class UsedIds {
  #highest = -1;
  /** The first and the last id of each range, one pair after the other, in rising order. */
  #gaps: number[] | undefined;

  /** Marks the odd `id` as used; false when it was used before or is too old to tell. */
  use(id: number): boolean {
    const next = this.#highest < 0 ? 1 : this.#highest + 2;
    if (id < next) return this.#fill(id);
    if (id > next) this.#addGap(Math.max(next, id - 2 * MAX_REMEMBERED), id - 2);
    this.#highest = id;
    return true;
  }

  #addGap(first: number, last: number): void {
    const gaps = (this.#gaps ??= []);
    gaps.push(first, last);
    if (gaps.length > 2 * MAX_GAPS) gaps.splice(0, 2);
  }

  #fill(id: number): boolean {
    const gaps = this.#gaps ?? [];
    const at = gapOf(gaps, id);
    if (at < 0) return false;
    const [first, last] = [gaps[at] as number, gaps[at + 1] as number];
    const left = [...(first < id ? [first, id - 2] : []), ...(id < last ? [id + 2, last] : [])];
    gaps.splice(at, 2, ...left);
    if (gaps.length > 2 * MAX_GAPS) gaps.splice(0, 2);
    return true;
  }
}

/** Where in `gaps` the pair stands that has `id` in it, or -1. */
function gapOf(gaps: readonly number[], id: number): number {
  let low = 0;
  let high = gaps.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (id < (gaps[2 * middle] as number)) high = middle - 1;
    else if (id > (gaps[2 * middle + 1] as number)) low = middle + 1;
    else return 2 * middle;
  }
  return -1;
}
