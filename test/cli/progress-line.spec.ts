import { expect, test } from '@jest/globals';
import { ProgressLine, type ProgressOutput } from '../../src/cli/bench/progress-line.js';

/** A terminal that makes several lines of one when it is narrowed, as tmux and most others do. */
class Terminal implements ProgressOutput {
  #rows: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(public columns: number) {}

  write(text: string): void {
    // eslint-disable-next-line no-control-regex -- it is a terminal
    for (const [token] of text.matchAll(/\u001b\[J|[^]/g)) {
      if (token === '\r') this.#column = 0;
      else if (token === '\u001b[J') {
        this.#rows.length = this.#row + 1;
        this.#rows[this.#row] = (this.#rows[this.#row] ?? '').slice(0, this.#column);
      } else if (token === '\n') {
        this.#column = 0;
        if (++this.#row === this.#rows.length) this.#rows.push('');
      } else {
        const row = this.#rows[this.#row] ?? '';
        this.#rows[this.#row] = row.slice(0, this.#column) + token + row.slice(this.#column + 1);
        this.#column++;
      }
    }
  }

  narrow(columns: number): void {
    const before = this.#rows.slice(0, this.#row).flatMap((row) => this.#cut(row, columns));
    const cursor = Math.floor(this.#column / columns);
    this.#rows = [...before, ...this.#rows.slice(this.#row).flatMap((row) => this.#cut(row, columns))];
    this.#row = before.length + cursor;
    this.#column %= columns;
    this.columns = columns;
  }

  get screen(): string {
    return this.#rows.join('\n');
  }

  #cut(row: string, columns: number): string[] {
    return row === '' ? [''] : (row.match(new RegExp(`.{1,${columns}}`, 'g')) ?? []);
  }
}

test('a line that changes leaves nothing behind, also where the terminal is narrowed', () => {
  const terminal = new Terminal(40);
  terminal.write('$ ttrpc bench\n');
  const line = new ProgressLine(terminal);
  line.show('1.5 s  600 calls  400/s  p50 5 ms  p99 6 ms');
  expect(terminal.screen).toBe('$ ttrpc bench\n   1.5 s  600 calls  400/s  p50 5 ms  p');
  line.show('2.0 s');
  expect(terminal.screen).toBe('$ ttrpc bench\n   2.0 s');
  line.show('2.5 s  1000 calls  400/s  p50 5 ms');
  terminal.narrow(20);
  expect(terminal.screen.split('\n')).toHaveLength(3);
  line.show('3.0 s  1200 calls  400/s');
  expect(terminal.screen).toBe('$ ttrpc bench\n   3.0 s  1200 call');
  terminal.narrow(15);
  line.clear();
  expect(terminal.screen).toBe('$ ttrpc bench\n');
});
