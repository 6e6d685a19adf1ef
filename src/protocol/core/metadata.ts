import { describe } from './describe.js';

/** What callers may pass as metadata. */
export type MetadataInit =
  TtrpcMetadata | Readonly<Record<string, string | readonly string[]>> | Iterable<readonly [string, string]>;

/**
 * The key-value pairs that travel with a request, several values for a key allowed. Keys are lower-case, on the way
 * out and on look-up, since Go lower-cases some of them and not others (PROTOCOL.md, "Envelope").
 */
export class TtrpcMetadata {
  // A Map: names that a peer chooses never index a plain object.
  readonly #values = new Map<string, string[]>();

  /** Copies `init`, so that no two calls share metadata. */
  constructor(init?: MetadataInit) {
    if (init === undefined) return;
    if (typeof init !== 'object' || (init as unknown) === null) {
      throw new TypeError(`metadata: expected keys with values, got ${describe(init)}`);
    }
    if (init instanceof TtrpcMetadata || Symbol.iterator in init) {
      const pairs = init instanceof TtrpcMetadata ? init.entries() : (init as Iterable<readonly [string, string]>);
      for (const [key, value] of pairs) this.append(key, value);
      return;
    }
    for (const [key, value] of Object.entries(init)) {
      if (typeof value === 'string') this.append(key, value);
      else if (Array.isArray(value)) for (const each of value as readonly string[]) this.append(key, each);
      else if (value !== undefined) throw badValue(key, value);
    }
  }

  /** The number of keys. */
  get size(): number {
    return this.#values.size;
  }

  /** The first value of `key`, or undefined. */
  get(key: string): string | undefined {
    return this.#values.get(key.toLowerCase())?.[0];
  }

  /** All values of `key` in their order; a new array, empty where there is none. */
  getAll(key: string): string[] {
    return [...(this.#values.get(key.toLowerCase()) ?? [])];
  }

  /** True when `key` has a value. */
  has(key: string): boolean {
    return this.#values.has(key.toLowerCase());
  }

  /**
   * Replaces all values of `key`.
   * @throws {TypeError} when a value is not a string.
   */
  set(key: string, ...values: string[]): this {
    this.delete(key);
    for (const value of values) this.append(key, value);
    return this;
  }

  /**
   * Adds a value for `key`.
   * @throws {TypeError} when the key is empty or the value is not a string.
   */
  append(key: string, value: string): this {
    if (typeof key !== 'string' || key === '') {
      throw new TypeError(`metadata key ${JSON.stringify(key)}: expected a non-empty string`);
    }
    if (typeof value !== 'string') throw badValue(key, value);
    const name = key.toLowerCase();
    const values = this.#values.get(name);
    if (values) values.push(value);
    else this.#values.set(name, [value]);
    return this;
  }

  /** Removes all values of `key`; true when there were any. */
  delete(key: string): boolean {
    return this.#values.delete(key.toLowerCase());
  }

  /** Each pair of key and value, a key with several values several times. */
  *entries(): IterableIterator<[string, string]> {
    for (const [key, values] of this.#values) for (const value of values) yield [key, value];
  }

  /** As {@link entries}. */
  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }

  /** A plain view for logs: each key with all its values. Its object has no prototype. */
  toJSON(): Record<string, string[]> {
    const json = Object.create(null) as Record<string, string[]>;
    for (const [key, values] of this.#values) json[key] = [...values];
    return json;
  }
}

function badValue(key: string, value: unknown): TypeError {
  return new TypeError(`metadata "${key}": expected a string or an array of strings, got ${typeof value}`);
}
