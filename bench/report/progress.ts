/** Shows what is being done: one line that changes on a terminal, a plain line for each row elsewhere. */
export class Progress {
  readonly #tty = process.stderr.isTTY;
  readonly #from = Date.now();
  #done = 0;
  #row = '';

  constructor(private readonly rows: number) {}

  /** A row begins. */
  begin(row: string): void {
    this.#row = row;
    if (!this.#tty) process.stderr.write(`${this.#line(row)}\n`);
  }

  /** Something of the row begins. Shown on a terminal only. */
  step(what: string): void {
    if (!this.#tty) return;
    process.stderr.write(`\r\x1b[K${this.#line(`${this.#row}: ${what}`).slice(0, (process.stderr.columns || 80) - 1)}`);
  }

  /** The row is done. */
  end(): void {
    this.#done++;
    if (this.#tty) process.stderr.write('\r\x1b[K');
  }

  #line(what: string): string {
    const width = 20;
    const filled = Math.round((this.#done / this.rows) * width);
    const bar = '#'.repeat(filled).padEnd(width, '.');
    return `[${bar}] ${this.#done + 1} of ${this.rows}, ${Math.round((Date.now() - this.#from) / 1000)} s: ${what}`;
  }
}
