import { randomUint32 } from '../core/random.js';

/** What a {@link CallTable} holds: it is found by its stream id, which does not change while it is there. */
export interface Identified {
  readonly id: number;
}

const FIRST_CAPACITY = 8;

/** A table that had more room than this gives it back once it is empty. */
const MAX_IDLE_CAPACITY = 1024;

/**
 * Near 2^32 divided by the golden ratio, so that ids one after another fall far apart; its lower bits are drawn for each
 * process, so that no peer can choose ids that fall on one place. Odd: each id has its own product.
 */
const MULTIPLIER = 0x9e000001 + 2 * (randomUint32() >>> 9);

/**
 * The calls of a connection by stream id. Not a Map: one that lives as long as a connection is in old space, and V8 makes
 * it anew there every few calls. Each of these steps adds to old space what only a full collection takes away, with all
 * the calls and messages to which it still points, and looks whether it is time for one (docs/performance.md). This table
 * allocates nothing while the number of calls stays alike.
 */
export class CallTable<T extends Identified> {
  /** Open addressing with linear probing; made when it is needed. Its length is a power of two, at least a quarter is free. */
  #slots: (T | undefined)[] = [];
  #size = 0;

  /** Calls in the table. */
  get size(): number {
    return this.#size;
  }

  /** The call with that id. */
  get(id: number): T | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    if (mask < 0) return undefined;
    for (let at = place(id, mask); ; at = (at + 1) & mask) {
      const call = slots[at];
      if (call === undefined || call.id === id) return call;
    }
  }

  /** Adds a call whose id is not there. */
  add(call: T): void {
    if ((this.#size + 1) * 4 > this.#slots.length * 3) this.#grow();
    insert(this.#slots, call);
    this.#size += 1;
  }

  /** Takes `call` out; false when it is not there. */
  delete(call: T): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    if (mask < 0) return false;
    let free = place(call.id, mask);
    while (slots[free] !== call) {
      if (slots[free] === undefined) return false;
      free = (free + 1) & mask;
    }
    this.#size -= 1;
    // Calls behind it may stand there only because its place was taken: each that could stand there moves up.
    for (let at = (free + 1) & mask; ; at = (at + 1) & mask) {
      const next = slots[at];
      if (next === undefined) break;
      const home = place(next.id, mask);
      if (((at - home) & mask) >= ((at - free) & mask)) {
        slots[free] = next;
        free = at;
      }
    }
    slots[free] = undefined;
    if (this.#size === 0 && slots.length > MAX_IDLE_CAPACITY) this.#slots = [];
    return true;
  }

  /** The calls that are there now, by their ids. */
  all(): T[] {
    return this.#slots.filter((call) => call !== undefined).sort((one, other) => one.id - other.id);
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Array<T | undefined>(Math.max(FIRST_CAPACITY, old.length * 2)).fill(undefined);
    for (const call of old) if (call) insert(this.#slots, call);
  }
}

function insert<T extends Identified>(slots: (T | undefined)[], call: T): void {
  const mask = slots.length - 1;
  let at = place(call.id, mask);
  while (slots[at] !== undefined) at = (at + 1) & mask;
  slots[at] = call;
}

/** Where the search for an id begins: by the product's high bits, which depend on all bits of the id. */
function place(id: number, mask: number): number {
  return Math.imul(id, MULTIPLIER) >>> Math.clz32(mask);
}
