/** Shows what is being done: one line that changes on a terminal, plain lines for finished steps elsewhere. */
export class Progress {
  readonly #tty = process.stderr.isTTY;
  readonly #from = Date.now();

  /** A step within a row: shown on a terminal only. */
  step(done: number, of: number, what: string): void {
    if (!this.#tty) return;
    const width = process.stderr.columns || 80;
    process.stderr.write(`\r\x1b[K${this.#prefix(done, of)} ${what}`.slice(0, width + 4));
  }

  /** A row begins. */
  row(done: number, of: number, what: string): void {
    if (this.#tty) this.step(done, of, what);
    else process.stderr.write(`${this.#prefix(done, of)} ${what}\n`);
  }

  /** Takes the changing line away. */
  clear(): void {
    if (this.#tty) process.stderr.write('\r\x1b[K');
  }

  #prefix(done: number, of: number): string {
    const seconds = Math.round((Date.now() - this.#from) / 1000);
    return `[${done + 1}/${of}, ${seconds} s]`;
  }
}
