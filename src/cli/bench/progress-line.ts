/** What it needs of a terminal. */
export interface ProgressOutput {
  /** How wide it is now. */
  readonly columns: number;
  write(text: string): unknown;
}

/** Room for the `^C` that a terminal shows at the cursor. */
const INDENT = '   ';

/** From the cursor to the end of the screen. */
const CLEAR_BELOW = '\u001b[J';

/** One line of a terminal that changes. */
export class ProgressLine {
  constructor(private readonly output: ProgressOutput) {}

  /** Shows `text` in its place. */
  show(text: string): void {
    // A line that is too long would go on below.
    const line = `${INDENT}${text}`.slice(0, this.output.columns - 1);
    // The cursor stays at its beginning: where a terminal that is narrowed makes several lines of it, all are below.
    this.output.write(`\r${CLEAR_BELOW}${line}\r`);
  }

  /** Takes it away. */
  clear(): void {
    this.output.write(`\r${CLEAR_BELOW}`);
  }
}
