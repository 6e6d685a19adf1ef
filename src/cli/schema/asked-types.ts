import type protobuf from 'protobufjs';
import { isLate } from './is-late.js';

/** So many names are asked for in a run: a server may invent them without an end. */
const MAX_ASKED = 1000;

/** What the full name of a message is made of. */
const NAME = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;

/** What has been asked for. */
export interface SchemaWithTypes {
  readonly root: protobuf.Root;
  /** The type with this qualified name. */
  find(name: string): protobuf.Type | undefined;
}

/**
 * The types that a server knows beside those of the schema in use, such as what a google.protobuf.Any holds. The
 * conversion to and from JSON cannot wait: the names that it lacks are noted, asked for, and it is made again.
 */
export class AskedTypes<S extends SchemaWithTypes> {
  readonly #schemas: S[] = [];
  readonly #answers = new Map<string, Promise<boolean>>();
  #missing: Set<string> | undefined;
  #isSilent = false;

  /** `ask` gives a schema with the type of this name, or undefined; it may reject. */
  constructor(private readonly ask: (name: string) => Promise<S | undefined>) {}

  /** The type with this qualified name, when it has been asked for; else the name is noted within {@link complete}. */
  find(name: string): protobuf.Type | undefined {
    for (const schema of this.#schemas) {
      const type = schema.find(name);
      if (type) return type;
    }
    this.#missing?.add(name);
    return undefined;
  }

  /** The schema that has been asked for and has `root`. */
  schemaOf(root: protobuf.Root): S | undefined {
    return this.#schemas.find((schema) => schema.root === root);
  }

  /** The result of `convert`, or its error, once each type that it looks for is there or is not to be had. */
  async complete<T>(convert: () => T): Promise<T> {
    for (;;) {
      const missing = new Set<string>();
      const result = this.#noting(missing, convert);
      let isMore = false;
      // One after another: a server that does not respond is asked once.
      for (const name of missing) isMore = (await this.#isKnown(name)) || isMore;
      if (!isMore) return result();
    }
  }

  /** Runs `convert`; gives what returns or throws its outcome. */
  #noting<T>(missing: Set<string>, convert: () => T): () => T {
    this.#missing = missing;
    try {
      const value = convert();
      return () => value;
    } catch (error) {
      return () => {
        throw error;
      };
    } finally {
      this.#missing = undefined;
    }
  }

  #isKnown(name: string): Promise<boolean> {
    let answer = this.#answers.get(name);
    if (!answer) {
      if (this.#answers.size >= MAX_ASKED || !NAME.test(name)) return Promise.resolve(false);
      answer = this.#ask(name);
      this.#answers.set(name, answer);
    }
    return answer;
  }

  async #ask(name: string): Promise<boolean> {
    if (this.#isSilent) return false;
    try {
      const schema = await this.ask(name);
      if (!schema?.find(name)) return false;
      this.#schemas.push(schema);
      return true;
    } catch (error) {
      // What cannot be told stays unknown, as it is to a server that does not know it.
      this.#isSilent ||= isLate(error);
      return false;
    }
  }
}
