/** What kind of program is measured. */
export type Kind = 'plugin' | 'shim' | 'server';

/** A program that is measured. */
export interface Subject {
  readonly kind: Kind;
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

/** A program that runs, with what its start has taken. */
export interface Running {
  readonly figures: Figures;
  /** The process whose memory counts. */
  readonly pid: number;
  /** Ends it; resolves with what that has taken, where it is measured. */
  end(): Promise<Figures>;
}
