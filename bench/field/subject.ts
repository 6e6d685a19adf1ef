/** A program that is measured. */
export interface Subject {
  readonly kind: 'plugin' | 'shim';
  /** As in the table. */
  readonly name: string;
  /** A short name for `--only`. */
  readonly id: string;
  /** The program and the arguments before its own. */
  readonly command: readonly string[];
  /** Node with nothing of ours: it speaks no ttrpc. */
  readonly isBare: boolean;
}

/** One round's figures by column; a program that lacks one has none. */
export type Figures = Readonly<Record<string, number>>;
