/** How long a command waits for something to happen, in ms. */
const WAIT_MS = 10_000;

/** Lets commands wait until something is so. */
export class Changes {
  readonly #checks = new Set<() => void>();

  /** To be called after each change of what is waited for. */
  notify(): void {
    for (const check of this.#checks) check();
  }

  /** The first value of `look` that is not undefined. Rejects with `what` after ten seconds. */
  until<T>(look: () => T | undefined, what: () => string): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#checks.delete(check);
        settle();
      };
      const check = (): void => {
        try {
          const value = look();
          if (value !== undefined) end(() => resolve(value));
        } catch (error) {
          end(() => reject(error));
        }
      };
      const timer = setTimeout(() => end(() => reject(new Error(what()))), WAIT_MS);
      this.#checks.add(check);
      check();
    });
  }
}
