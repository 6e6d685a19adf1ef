/** Counts what mutants have reached: how many frames, and how many mutants. */
export class Counters {
  readonly #counts = new Map<string, { frames: number; mutants: number; last: number }>();

  /** A frame of a mutant has reached `what`. */
  hit(what: string, mutant: number): void {
    let count = this.#counts.get(what);
    if (count === undefined) this.#counts.set(what, (count = { frames: 0, mutants: 0, last: -1 }));
    count.frames++;
    if (count.last !== mutant) count.mutants++;
    count.last = mutant;
  }

  /** How many frames have reached `what`. */
  of(what: string): number {
    return this.#counts.get(what)?.frames ?? 0;
  }

  /** All counts as lines of a table, sorted by name. */
  lines(): string[] {
    const names = [...this.#counts.keys()].sort();
    const width = Math.max(0, ...names.map(({ length }) => length));
    return names.map((name) => {
      const { frames, mutants } = this.#counts.get(name) ?? { frames: 0, mutants: 0 };
      return `  ${name.padEnd(width)}  ${String(frames).padStart(9)} times  ${String(mutants).padStart(8)} mutants`;
    });
  }
}
